/** From the id of a target to its host: what is recorded of both, and the connection. Everything that touches a host begins here. */

import { serviceConnection } from '../../domain/catalogue/inventory.ts'
import type { Output, Program } from '../../domain/catalogue/program.ts'
import type { HostRegistration } from '../../domain/host/events.ts'
import type { Mark, RemoteHost, RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { RegisteredTarget } from '../../domain/target/target.ts'
import type { EventLog } from '../event-log.ts'

export type Reached = Readonly<{
  target: RegisteredTarget
  host: HostRegistration
  remote: RemoteHost
  /** Runs a program with the target's own service connection. */
  execute: (program: Program, options?: ReachedOptions) => Promise<Output>
}>

export type ReachedOptions = Readonly<{ timeoutMs?: number; mark?: Mark; signal?: AbortSignal }>

export type Reach = (targetId: string) => Promise<Reached>

/** Probes are quick; what takes longer says so. */
export const PROBE_TIMEOUT_MS = 10_000

/** @throws TargetGone it was retired, or its host was. */
export const createReach =
  ({ log, hosts }: { log: EventLog; hosts: RemoteHosts }): Reach =>
  async (targetId) => {
    const { state: watched } = await log.states.target(targetId)
    if (watched.situation !== 'registered') throw new TargetGone({ what: 'target', id: targetId, situation: watched.situation })
    const { hostId } = watched.registration
    const { state: machine } = await log.states.host(hostId)
    if (machine.situation !== 'registered') throw new TargetGone({ what: 'host', id: hostId, situation: machine.situation })
    const remote = hosts.open(machine.registration)
    const connection = serviceConnection(watched.registration.connection)
    return {
      target: watched,
      host: machine.registration,
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
