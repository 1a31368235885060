/**
 * Hosts: registered only after their key was confirmed and a login has worked, so nothing is half registered; and each machine once, as far as its
 * key tells, because lanes and hourly budgets are kept by host.
 */
import { elapsedMs } from '../../domain/instant.ts'
import { type HostAddress, type HostKey, HostUnreachable, type RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { SecretReference } from '../../domain/ports/secrets.ts'
import { CommandRefused } from '../command-refused.ts'
import { type Claims, createClaims } from './claims.ts'
import { reached } from './host-refusals.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand } from './operator-command.ts'

type RegisterHost = Readonly<{
  name: string
  address: string
  port: number
  username: string
  privateKey: SecretReference
}> &
  KeyToConfirm
/** Without `hostKey` the caller is shown which one to confirm. `sharedHostKey`: it is another machine, although it shows the key of one that is known. */
type KeyToConfirm = Readonly<{ hostKey?: string; sharedHostKey?: boolean }>
type OnHost = Readonly<{ id: string }>
type Place = Pick<HostAddress, 'address' | 'port'>
type Tested = Readonly<{ reachable: boolean; durationMs: number; rule?: string; says?: string }>
/** `warning`: what a person should know about what was done all the same. */
type Warned = Readonly<{ warning?: string }>

export type HostCommands = Readonly<{
  registerHost: OperatorCommand<RegisterHost, Warned>
  changeHostKey: OperatorCommand<OnHost & KeyToConfirm, Warned>
  retireHost: OperatorCommand<OnHost & { reason: string }>
  testHost: OperatorCommand<OnHost, Tested>
}>

const LOGIN_TIMEOUT_MS = 15_000

export function createHostCommands(tools: OperatorTools, { hosts }: { hosts: RemoteHosts }): HostCommands {
  return {
    registerHost: operatorCommand<RegisterHost, Warned>(tools, {
      name: 'hosts.register',
      subject: ({ name }) => name,
      body: ({ name, address, port, username, privateKey, hostKey, sharedHostKey }) => ({
        ...{ name, address, port, username, privateKey },
        ...(hostKey === undefined ? {} : { hostKey }),
        ...(sharedHostKey === undefined ? {} : { sharedHostKey }),
      }),
      async run(input, context) {
        const { newId: hostId, meta, now, handle } = context
        const { state } = await tools.log.states.host(hostId)
        // Run again after a crash: it is registered, and what has happened to it since is no reason to say otherwise.
        if (state.situation === 'registered') {
          return {
            id: hostId,
            handled: await handle({ aggregate: 'host', id: hostId, command: { type: 'RegisterHost', data: state.registration } }),
          }
        }
        const claims = createClaims(tools.log, context, hostId)
        const { name, address, port, username, privateKey, sharedHostKey: shared = false } = input
        try {
          const hostKey = await confirmedKey(input, input.hostKey, claims)
          await login({ hostId, address, port, username, privateKey, hostKey })
          const warned = await claimKey(hostKey, shared, claims)
          await claims.claim('hosts', name)
          const data = { hostId, name, address, port, username, privateKey, hostKey, ...marked(shared), by: meta.owner, at: now }
          const handled = await handle({ aggregate: 'host', id: hostId, command: { type: 'RegisterHost', data } })
          return { id: hostId, handled, more: { ...warned } }
        } catch (error) {
          // Not ours: no connection of it stays behind, and no claim.
          await hosts.forget(hostId)
          if (error instanceof CommandRefused) await claims.release(['hosts', 'host-keys'])
          throw error
        }
      },
      read: warningOf,
    }),

    changeHostKey: operatorCommand<OnHost & KeyToConfirm, Warned>(tools, {
      name: 'hosts.change-key',
      subject: ({ id }) => id,
      body: ({ id, hostKey, sharedHostKey }) => ({
        id,
        ...(hostKey === undefined ? {} : { hostKey }),
        ...(sharedHostKey === undefined ? {} : { sharedHostKey }),
      }),
      async run({ id, hostKey: given, sharedHostKey: shared = false }, context) {
        const { newId, meta, now, handleExpected } = context
        const { registration } = await registered(id)
        const claims = createClaims(tools.log, context, id)
        /** Only the key that it has now. */
        const tidy = async () => {
          const { state } = await tools.log.states.host(id)
          await claims.release(['host-keys'], state.situation === 'registered' ? { keep: state.registration.hostKey.fingerprint } : {})
        }
        try {
          const hostKey = await confirmedKey(registration, given, claims)
          // Under an id of its own, so that what runs on the connection with the old key is left alone until the new one has let us in.
          await login({ ...registration, hostId: newId, hostKey })
          const warned = await claimKey(hostKey, shared, claims)
          const change = { type: 'ChangeHostKey', data: { hostKey, ...marked(shared), by: meta.owner, now } } as const
          const handled = await handleExpected({ aggregate: 'host', id, command: change })
          await tidy()
          return { id, handled, more: { ...warned } }
        } catch (error) {
          if (error instanceof CommandRefused) await tidy()
          throw error
        } finally {
          await hosts.forget(newId)
        }
      },
      read: warningOf,
    }),

    retireHost: operatorCommand<OnHost & { reason: string }>(tools, {
      name: 'hosts.retire',
      subject: ({ id }) => id,
      body: ({ id, reason }) => ({ id, reason }),
      async run({ id, reason }, context) {
        const { meta, now, handleExpected } = context
        const command = { type: 'RetireHost', data: { by: meta.owner, reason, now } } as const
        const handled = await handleExpected({ aggregate: 'host', id, command })
        await createClaims(tools.log, context, id).release(['hosts', 'host-keys'])
        await hosts.forget(id)
        return { id, handled }
      },
      read: () => ({}),
    }),

    testHost: operatorCommand<OnHost, Tested>(tools, {
      name: 'hosts.test',
      subject: ({ id }) => id,
      body: ({ id }) => ({ id }),
      async run({ id }, { handle, now }) {
        const { registration } = await registered(id)
        const began = tools.clock.now()
        try {
          await hosts.open(registration).execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: LOGIN_TIMEOUT_MS })
          const handled = await handle({ aggregate: 'host', id, command: { type: 'ReportHostReached', data: { now } } })
          return { id, handled, more: { reachable: true, durationMs: elapsedMs(began, tools.clock.now()) } }
        } catch (error) {
          if (!(error instanceof HostUnreachable)) throw error
          const { rule, message } = error
          const handled = await handle({ aggregate: 'host', id, command: { type: 'ReportHostLost', data: { rule, now } } })
          return { id, handled, more: { reachable: false, durationMs: elapsedMs(began, tools.clock.now()), rule, says: message } }
        }
      },
      read: ({ reachable, durationMs, rule, says }) => ({
        reachable: reachable === true,
        durationMs: typeof durationMs === 'number' ? durationMs : 0,
        ...(typeof rule === 'string' ? { rule } : {}),
        ...(typeof says === 'string' ? { says } : {}),
      }),
    }),
  }

  async function registered(id: string) {
    const { state } = await tools.log.states.host(id)
    if (state.situation === 'registered') return state
    throw new CommandRefused({ rule: 'host-not-registered', facts: { situation: state.situation } })
  }

  /** The key that the caller confirmed, if the host still shows it. Whoever is asked to confirm one is told when another host has it too. */
  async function confirmedKey({ address, port }: Place, hostKey: string | undefined, claims: Claims): Promise<HostKey> {
    const shown = await reached(() => hosts.scanHostKey(address, port, {}))
    const { fingerprint } = shown
    if (hostKey === undefined) {
      const other = await otherWith(fingerprint, claims)
      const also = other === undefined ? {} : { host: other.host, hostId: other.hostId }
      throw new CommandRefused({ rule: 'host-key-unconfirmed', facts: { fingerprint, hostKey: shown.key, ...also } })
    }
    if (hostKey.trim().split(/\s+/).slice(0, 2).join(' ') === shown.key) return shown
    throw new CommandRefused({ rule: 'host-key-mismatch', facts: { field: 'hostKey', fingerprint } })
  }

  /** Takes the key for this host; what another host has is refused by its name, unless somebody says that they are different machines. */
  async function claimKey({ fingerprint }: HostKey, shared: boolean, claims: Claims): Promise<Warned> {
    const other = await otherWith(fingerprint, claims)
    try {
      await claims.claim('host-keys', fingerprint, { shared })
    } catch (error) {
      if (!(error instanceof CommandRefused) || error.rule !== 'name-taken') throw error
      const known = (await otherWith(fingerprint, claims)) ?? {}
      throw new CommandRefused({ rule: 'host-key-taken', facts: { field: 'hostKey', fingerprint, ...known } })
    }
    return other === undefined ? {} : { warning: alsoShownBy(other.host) }
  }

  async function otherWith(fingerprint: string, claims: Claims): Promise<Readonly<{ host: string; hostId: string }> | undefined> {
    const [hostId] = await claims.othersWith('host-keys', fingerprint)
    return hostId === undefined ? undefined : { host: await nameOf(hostId), hostId }
  }

  async function nameOf(hostId: string): Promise<string> {
    const { state } = await tools.log.states.host(hostId)
    return state.situation === 'absent' ? hostId : state.registration.name
  }

  async function login(address: HostAddress): Promise<void> {
    const output = await reached(() => hosts.open(address).execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: LOGIN_TIMEOUT_MS }))
    if (output.kind === 'text' && output.exitCode === 0) return
    const says = output.kind === 'text' ? output.stderr.trim() : ''
    throw new CommandRefused({ rule: 'shell-unusable', facts: { field: 'username', says } })
  }
}

const marked = (shared: boolean): { sharedHostKey?: true } => (shared ? { sharedHostKey: true } : {})

const alsoShownBy = (name: string): string =>
  `Host ${name} shows the same key. They are taken for different machines: each has its own lanes and its own hourly budget. If they are one machine, two fixes may run on it at once; then delete one of them.`

const warningOf = ({ warning }: Readonly<Record<string, unknown>>): { warning?: string } => (typeof warning === 'string' ? { warning } : {})
