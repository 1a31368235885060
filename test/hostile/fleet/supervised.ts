/** A supervisor over a log in memory, with real programs on real time: what the log says of a server, and what is really there. */
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'
import { createMcpLinks } from '../../../src/adapters/mcp/links.ts'
import { mcpSessions } from '../../../src/adapters/mcp/sessions.ts'
import { createResolveOutbound } from '../../../src/adapters/outbound/resolve-outbound.ts'
import { createLaunch } from '../../../src/commands/fleet/launch.ts'
import { createSupervisor, type Supervisor } from '../../../src/commands/fleet/supervisor.ts'
import type { Recorded } from '../../../src/domain/events.ts'
import type { Lease, Leases } from '../../../src/domain/ports/leases.ts'
import { SecretUnavailable } from '../../../src/domain/ports/secrets.ts'
import type { ServerCommand } from '../../../src/domain/server/commands.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { argvHash } from '../../../src/domain/server/executable.ts'
import { createSlots } from '../../../src/domain/slots.ts'
import { createBench } from '../../commands/support/bench.ts'
import { registered, said, told } from '../../domain/server/given.ts'
import { until } from '../../support/until.ts'
import { openFleet, scratch } from './support.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(`./servers/${name}`, import.meta.url))

const MUTE: readonly string[] = ['half-a-line', 'late', 'silent', 'talks']

type OfType<Type extends ServerEvent['type']> = Extract<Recorded, { type: Type }>

export async function createSupervised() {
  const bench = createBench()
  const clock = createSystemClock()
  const processes = await openFleet()
  const logs = await scratch()
  const held = new Set<string>()
  const leases: Leases = {
    async tryHold(name): Promise<Lease | undefined> {
      if (held.has(name)) return undefined
      held.add(name)
      return { name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => void held.delete(name) }
    },
    isHeld: async (name) => held.has(name),
  }
  const secrets = {
    resolve: async () => {
      throw new SecretUnavailable({ reference: 'file:none', rule: 'missing' })
    },
  }

  const launch = createLaunch({ processes, links: createMcpLinks({ resolve: createResolveOutbound({ allowed: [] }) }), secrets })

  function start(): Readonly<{ supervisor: Supervisor; stop: () => Promise<void> }> {
    const stopping = new AbortController()
    const supervisor = createSupervisor({
      ...{ ...bench, clock, leases, processes, sessions: mcpSessions },
      launch,
      roster: {
        servers: async () => ({
          serverIds: [...new Set(bench.all().flatMap((event) => (event.type === 'ServerRegistered' ? [event.data.serverId] : [])))],
          position: await bench.store.head(),
        }),
      },
      identity: { info: { name: 'steward', version: '0' }, capabilities: {} },
      jitter: () => 0.5,
      slots: createSlots(4),
      probes: createSlots(4),
      samples: { record: () => undefined, latest: async () => [] },
      logPathOf: (name, runId) => `${logs}/${name}.${runId}.log`,
      drain: new AbortController().signal,
    })
    const running = supervisor.run(stopping.signal)
    const stop = async (): Promise<void> => {
      stopping.abort(new Error('the test is over'))
      await running
    }
    onTestFinished(stop)
    return { supervisor, stop }
  }

  /** The events of that type, so far. */
  const of = async <Type extends ServerEvent['type']>(type: Type, id = 's-1'): Promise<readonly OfType<Type>[]> =>
    (await bench.events(`server-${id}`)).filter((event): event is OfType<Type> => event.type === type)

  return {
    ...bench,
    processes,
    launch,
    start,
    of,
    /** `more` stand behind the kind in the arguments. */
    async register(
      kind: string,
      { id = 's-1', more = [], ...changes }: Partial<ServerConfig> & { id?: string; more?: readonly string[] } = {},
    ) {
      const program = MUTE.includes(kind)
        ? { command: pathOf('mute.sh'), args: [kind] }
        : { command: process.execPath, args: [pathOf('nasty.mjs'), kind, ...more] }
      const transport = { kind: 'stdio', ...program, env: {} } as const
      const settings = { transport, startTimeoutMs: 10_000, autoRestart: false, maxFailures: 9, ...changes }
      await bench.given(
        `server-${id}`,
        registered(settings, true, { serverId: id, name: `${kind}-${id}` }),
        { type: 'ExecutableApproved', data: { ...told, serverId: id, argvHash: argvHash(transport, bench.hash) } },
        { type: 'ServerStartRequested', data: { ...told, serverId: id } },
      )
    },
    async ask(type: 'RequestServerStart' | 'RequestServerStop' | 'RequestServerRestart', id = 's-1'): Promise<void> {
      const command: ServerCommand = { type, data: said }
      const cause = { actor: 'mira', commandId: bench.ids.fresh(), correlationId: 'c', causationId: 'c' }
      await bench.handle({ aggregate: 'server', id, command }, cause)
    },
    /** Resolves at the moment in which the next failure has been appended, by the clock of `performance`. */
    async crashRecorded(): Promise<number> {
      const watching = new AbortController()
      const after = await bench.store.head()
      const from = after === undefined ? {} : { after }
      for await (const item of bench.store.subscribe({ ...from, types: ['ServerFailed'], signal: watching.signal })) {
        if ('checkpoint' in item) continue
        watching.abort()
        return performance.now()
      }
      throw new Error('the log ended')
    },
    /** The `count`th of that type, when it is there. */
    async next<Type extends ServerEvent['type']>(type: Type, count = 1, id = 's-1'): Promise<OfType<Type>> {
      await until(async () => (await of(type, id)).length >= count, 60_000)
      const event = (await of(type, id))[count - 1]
      if (!event) throw new RangeError(`no ${type}`)
      return event
    },
    async state(id = 's-1') {
      const { state } = await bench.log.states.server(id)
      if (state.situation === 'absent') throw new RangeError(`no server ${id}`)
      return state
    },
  }
}
