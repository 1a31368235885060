/** Registering hosts. A host is registered only after its key was confirmed and a login has worked, so nothing is half registered. */
import { elapsedMs } from '../../domain/instant.ts'
import { type HostAddress, type HostKey, HostUnreachable, type RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { SecretReference } from '../../domain/ports/secrets.ts'
import { CommandRefused } from '../command-refused.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand } from './operator-command.ts'

type RegisterHost = Readonly<{
  name: string
  address: string
  port: number
  username: string
  privateKey: SecretReference
  hostKey?: string
}>
type OnHost = Readonly<{ id: string }>
type Tested = Readonly<{ reachable: boolean; durationMs: number; rule?: string; says?: string }>

export type HostCommands = Readonly<{
  registerHost: OperatorCommand<RegisterHost>
  retireHost: OperatorCommand<OnHost & { reason: string }>
  testHost: OperatorCommand<OnHost, Tested>
}>

const LOGIN_TIMEOUT_MS = 15_000
const NAMES = 'hosts'

export function createHostCommands(tools: OperatorTools, { hosts }: { hosts: RemoteHosts }): HostCommands {
  return {
    registerHost: operatorCommand<RegisterHost>(tools, {
      name: 'hosts.register',
      subject: ({ name }) => name,
      body: ({ name, address, port, username, privateKey, hostKey }) => ({
        name,
        address,
        port,
        username,
        privateKey,
        ...(hostKey === undefined ? {} : { hostKey }),
      }),
      async run(input, { newId: hostId, meta, now, handle }) {
        const hostKey = await confirmedKey(input, hosts)
        const { name, address, port, username, privateKey } = input
        try {
          await login(hosts, { hostId, address, port, username, privateKey, hostKey })
          await handle({ aggregate: 'registry', id: NAMES, command: { type: 'ClaimName', data: { name, holder: hostId, now } } })
        } catch (error) {
          // Not ours: no connection of it stays behind.
          await hosts.forget(hostId)
          throw error
        }
        const data = { hostId, name, address, port, username, privateKey, hostKey, by: meta.owner, at: now }
        const handled = await handle({ aggregate: 'host', id: hostId, command: { type: 'RegisterHost', data } })
        return { id: hostId, handled }
      },
      read: () => ({}),
    }),

    retireHost: operatorCommand<OnHost & { reason: string }>(tools, {
      name: 'hosts.retire',
      subject: ({ id }) => id,
      body: ({ id, reason }) => ({ id, reason }),
      async run({ id, reason }, { meta, now, handle, handleExpected }) {
        const { state } = await tools.log.states.host(id)
        const handled = await handleExpected({
          aggregate: 'host',
          id,
          command: { type: 'RetireHost', data: { by: meta.owner, reason, now } },
        })
        if (state.situation === 'registered') {
          const { name } = state.registration
          await handle({ aggregate: 'registry', id: NAMES, command: { type: 'ReleaseName', data: { name, holder: id, now } } })
        }
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
        const { state } = await tools.log.states.host(id)
        if (state.situation !== 'registered')
          throw new CommandRefused({ rule: 'host-not-registered', facts: { situation: state.situation } })
        const began = tools.clock.now()
        try {
          await hosts.open(state.registration).execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: LOGIN_TIMEOUT_MS })
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
}

/** The key that the caller confirmed, if the host still shows it. Without one, the caller is shown what to confirm. */
async function confirmedKey({ address, port, hostKey }: RegisterHost, hosts: RemoteHosts): Promise<HostKey> {
  const shown = await reached(() => hosts.scanHostKey(address, port, {}))
  if (hostKey === undefined) {
    throw new CommandRefused({ rule: 'host-key-unconfirmed', facts: { fingerprint: shown.fingerprint, hostKey: shown.key } })
  }
  const [type, blob] = hostKey.trim().split(/\s+/)
  if (`${type} ${blob}` !== shown.key) {
    throw new CommandRefused({ rule: 'host-key-mismatch', facts: { field: 'hostKey', fingerprint: shown.fingerprint } })
  }
  return shown
}

async function login(hosts: RemoteHosts, address: HostAddress): Promise<void> {
  await reached(() => hosts.open(address).execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: LOGIN_TIMEOUT_MS }))
}

/** Names the field that is to blame, where one is. */
async function reached<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof HostUnreachable)) throw error
    throw new CommandRefused({ rule: 'host-unreachable', facts: { field: fieldOf(error.rule), reason: error.rule, says: error.message } })
  }
}

function fieldOf(rule: HostUnreachable['rule']): string {
  switch (rule) {
    case 'key-rejected':
      return 'username'
    case 'key-unreadable':
      return 'privateKey'
    case 'host-key-mismatch':
      return 'hostKey'
    default:
      return 'address'
  }
}
