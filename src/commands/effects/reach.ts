/** From the id of a target to its host: what is recorded of both, and the connection. Everything that touches a host begins here. */

import { serviceConnection } from '../../domain/catalogue/inventory.ts'
import type { Output, Program } from '../../domain/catalogue/program.ts'
import type { HostRegistration } from '../../domain/host/events.ts'
import type { Mark, RemoteHost, RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { RegisteredTarget } from '../../domain/target/target.ts'
import type { EventLog } from '../event-log.ts'

export type Reached = Readonly<{
  target: RegisteredTarget
  /** Of a managed server: what stands in the place of a host. */
  host: ReachedHost
  remote: RemoteHost
  /** Runs a program with the target's own service connection. */
  execute: (program: Program, options?: ReachedOptions) => Promise<Output>
}>

export type ReachedHost = Pick<HostRegistration, 'hostId' | 'name' | 'username'> &
  Readonly<{ hostKey: Pick<HostRegistration['hostKey'], 'fingerprint'> }>

export type ReachedOptions = Readonly<{ timeoutMs?: number; mark?: Mark; signal?: AbortSignal }>

export type Reach = (targetId: string) => Promise<Reached>

/** Probes are quick; what takes longer says so. */
export const PROBE_TIMEOUT_MS = 10_000

export type ReachDeps = Readonly<{
  log: EventLog
  hosts: RemoteHosts
  /** Default: there are no managed servers. */
  servers?: (serverId: string) => RemoteHost
}>

/** @throws TargetGone it was retired, or its host was. */
export const createReach =
  ({ log, hosts, servers }: ReachDeps): Reach =>
  async (targetId) => {
    const { state: watched } = await log.states.target(targetId)
    if (watched.situation !== 'registered') throw new TargetGone({ what: 'target', id: targetId, situation: watched.situation })
    const { hostId, service, name } = watched.registration
    if (service === 'server') {
      if (!servers) throw new TargetGone({ what: 'host', id: hostId, situation: 'not supervised' })
      // A server is in the hands of its own supervisor: there is no account, and no key but the server's id.
      const host = { hostId, name, username: 'steward', hostKey: { fingerprint: `server:${hostId}` } }
      return reachedBy(watched, host, servers(hostId))
    }
    const { state: machine } = await log.states.host(hostId)
    if (machine.situation !== 'registered') throw new TargetGone({ what: 'host', id: hostId, situation: machine.situation })
    return reachedBy(watched, machine.registration, hosts.open(machine.registration))
  }

function reachedBy(target: RegisteredTarget, host: ReachedHost, remote: RemoteHost): Reached {
  const connection = serviceConnection(target.registration.connection)
  return {
    target,
    host,
    remote,
    execute: (program, { timeoutMs = PROBE_TIMEOUT_MS, ...options } = {}) =>
      remote.execute(program, { timeoutMs, ...options, ...(connection === undefined ? {} : { connection }) }),
  }
}

export class TargetGone extends Error {
  override readonly name = 'TargetGone'
  constructor(facts: { what: 'target' | 'host'; id: string; situation: string }) {
    super(`${facts.what} ${facts.id} is ${facts.situation}`)
  }
}
