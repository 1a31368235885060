/** A supervisor over a log in memory, and servers that do what the test says. */
import { onTestFinished } from 'vitest'
import { type Launched, LaunchFailed, type LaunchRequest } from '../../../src/commands/fleet/launch.ts'
import { createSupervisor, type Supervisor } from '../../../src/commands/fleet/supervisor.ts'
import { type ChildEnd, StopFailed } from '../../../src/domain/ports/child-processes.ts'
import type { HealthSample } from '../../../src/domain/ports/health-samples.ts'
import type { Lease, Leases } from '../../../src/domain/ports/leases.ts'
import {
  HandshakeFailed,
  type LinkEnd,
  type McpLink,
  McpRequestFailed,
  type McpSession,
  type McpSessions,
  type Prior,
} from '../../../src/domain/ports/mcp.ts'
import type { ServerCommand } from '../../../src/domain/server/commands.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import type { ToolDefinition } from '../../../src/domain/server/tool.ts'
import { createSlots } from '../../../src/domain/slots.ts'
import { registered, said } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

/** What one started program does. Everything begins well. */
export class FakeProgram {
  readonly request: LaunchRequest
  readonly ended = Promise.withResolvers<ChildEnd>()
  readonly lineEnded = Promise.withResolvers<LinkEnd>()
  /** The calls of its callers have ended. */
  readonly idle = Promise.withResolvers<void>()
  stopped = false
  /** With how much patience it was stopped. */
  graceMs: number | undefined
  /** It does not go, not even by SIGKILL. */
  stuck = false
  /** It goes when this resolves, however it is asked. */
  goes: Promise<void> = Promise.resolve()
  busy = false
  answers = true
  lists = true
  tools: readonly ToolDefinition[] = [{ name: 'echo', inputSchema: { type: 'object' } }]
  heard: ((method: string) => void) | undefined

  constructor(request: LaunchRequest) {
    this.request = request
  }

  crash(end: Partial<ChildEnd> = {}): void {
    this.ended.resolve({ code: 1, signal: null, outOfMemory: false, ...end })
    this.lineEnded.resolve({ reason: 'exited', says: 'its output ended' })
  }
}

export type Behaviour = 'well' | 'silent' | 'dies' | 'missing' | 'not-mcp'

type FleetBenchOptions = Readonly<{ behaves?: Behaviour; probesAtOnce?: number; startsAtOnce?: number }>

export function createFleetBench({ behaves = 'well', probesAtOnce = 4, startsAtOnce = 4 }: FleetBenchOptions = {}) {
  const bench = createBench()
  const programs: FakeProgram[] = []
  const behaviours: Behaviour[] = []
  const held = new Set<string>()
  let offered: readonly ToolDefinition[] | undefined
  let lost = new AbortController()

  const launch = async (request: LaunchRequest): Promise<Launched> => {
    const behaviour = behaviours.shift() ?? behaves
    if (behaviour === 'missing') throw new LaunchFailed('executable-missing', 'there is no such program')
    const program = new FakeProgram(request)
    programs.push(program)
    if (offered) program.tools = offered
    if (behaviour === 'dies') program.crash()
    const link = { program, behaviour }
    links.set(linkOf(link), link)
    return {
      link: linkOf(link),
      process: { pid: 4_000 + programs.length, startTicks: String(programs.length), limitedBy: 'rlimit' },
      ended: program.ended.promise,
      stderrTail: () => 'the end of its error stream',
      async stop(graceMs) {
        program.graceMs = graceMs
        await program.goes
        if (program.stuck) throw new StopFailed([4_000])
        program.stopped = true
        program.ended.resolve({ code: 0, signal: null, outOfMemory: false })
        const { code, signal } = await program.ended.promise
        return { how: code === 0 ? 'asked' : 'gone', code, signal }
      },
    }
  }
  type Spoken = Readonly<{ program: FakeProgram; behaviour: Behaviour }>
  const links = new Map<McpLink, Spoken>()
  const sessions = new Map<McpSession, FakeProgram>()
  const known = new Map<Spoken, McpLink>()
  const linkOf = (spoken: Spoken): McpLink => {
    const link: McpLink = known.get(spoken) ?? {
      kind: 'stdio',
      listen: () => undefined,
      send: async () => undefined,
      abandon: () => true,
      agreed: () => undefined,
      ended: spoken.program.lineEnded.promise,
      close: async () => undefined,
    }
    known.set(spoken, link)
    return link
  }
  const programOf = (session: McpSession): FakeProgram => {
    const program = sessions.get(session)
    if (!program) throw new RangeError('no program')
    return program
  }

  const mcp: McpSessions = {
    async negotiate(link, { signal, prior }) {
      priors.push(prior)
      const spoken = links.get(link)
      if (!spoken) throw new RangeError('no such link')
      if (spoken.behaviour === 'silent') {
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
      }
      if (spoken.behaviour === 'not-mcp') throw new HandshakeFailed({ rule: 'not-mcp', says: 'it printed "Welcome!"' })
      if (spoken.behaviour === 'dies') throw new HandshakeFailed({ rule: 'exited', says: 'it ended' })
      const session: McpSession = {
        negotiated: {
          ...{ era: 'session', version: '2025-11-25', serverInfo: { name: 'fake', version: '1' } },
          ...{ capabilities: { tools: {} }, instructions: undefined },
        },
        ended: spoken.program.lineEnded.promise,
        open: true,
        busy: () => spoken.program.busy,
        quiesce: () => ({ idle: spoken.program.idle.promise, [Symbol.dispose]: () => undefined }),
        forward: () => {
          throw new Error('nobody calls')
        },
        request: async () => ({}),
        tell: () => undefined,
        hear({ notified }) {
          spoken.program.heard = (method) => notified({ kind: 'notification', value: { jsonrpc: '2.0', method }, text: '' })
          return () => undefined
        },
        noise: () => ({}),
        close: async () => undefined,
      }
      sessions.set(session, spoken.program)
      return session
    },
    async listTools(session) {
      const { tools, answers } = programOf(session)
      if (!answers) throw new McpRequestFailed({ rule: 'timed-out', says: 'no answer' })
      if (!programOf(session).lists) throw new McpRequestFailed({ rule: 'refused-by-server', says: 'tools/list failed', code: -32_603 })
      return { tools, invalid: [] }
    },
    async probe(session) {
      probing.now += 1
      probing.most = Math.max(probing.most, probing.now)
      await bench.clock.sleep(5)
      probing.now -= 1
      if (!programOf(session).answers) throw new McpRequestFailed({ rule: 'timed-out', says: 'no answer within 10000 ms' })
      return 1
    },
  }
  const priors: (Prior | undefined)[] = []
  const probing = { now: 0, most: 0 }
  const leases: Leases = {
    async tryHold(name): Promise<Lease | undefined> {
      if (databaseAway) throw new Error('connection refused')
      if (held.has(name)) return undefined
      held.add(name)
      return { name, lost: lost.signal, [Symbol.asyncDispose]: async () => void held.delete(name) }
    },
    isHeld: async (name) => held.has(name),
  }
  let databaseAway = false
  let sweeps = 0
  const leftOvers: string[] = []
  const samples: HealthSample[] = []
  const probes = createSlots(probesAtOnce)

  /** Another Steward on the same log. */
  function start({ place = 'here' }: { place?: string } = {}): Readonly<{ supervisor: Supervisor; stop: () => Promise<void> }> {
    const stopping = new AbortController()
    const supervisor = createSupervisor({
      ...bench,
      roster: {
        servers: async () => ({
          serverIds: [...new Set(bench.all().flatMap((event) => (event.type === 'ServerRegistered' ? [event.data.serverId] : [])))],
          position: await bench.store.head(),
        }),
      },
      processes: {
        sweep: async () => {
          sweeps += 1
          return 0
        },
        async endLeftOver({ pid, startTicks }) {
          leftOvers.push(`${pid} ${startTicks}`)
          return true
        },
        place,
      },
      probes,
      samples: { record: (sample) => void samples.push(sample), latest: async () => samples },
      launch,
      sessions: mcp,
      identity: { info: { name: 'steward', version: '0' }, capabilities: {} },
      leases,
      jitter: () => 0.5,
      slots: createSlots(startsAtOnce),
      logPathOf: (name) => `/tmp/${name}.log`,
      drain: new AbortController().signal,
    })
    const running = supervisor.run(stopping.signal)
    const stop = async (): Promise<void> => {
      stopping.abort(new Error('the test is over'))
      for (let turn = 0; turn < 20; turn++) await settled()
      await running
    }
    onTestFinished(stop)
    return { supervisor, stop }
  }

  return {
    ...bench,
    programs,
    launch,
    sessions: mcp,
    start,
    sweeps: () => sweeps,
    /** What was asked to be taken down by the id and start that the log had. */
    leftOvers,
    samples,
    /** Probes at the same time. */
    probing,
    /** What was known of the server before each handshake. */
    priors,
    /** What every program lists from its start on. */
    offers: (tools: readonly ToolDefinition[]) => {
      offered = tools
    },
    /** The next starts behave like this, in order. */
    next: (...some: readonly Behaviour[]) => void behaviours.push(...some),
    databaseIsAway: (is: boolean) => {
      databaseAway = is
    },
    loseLease(): void {
      const was = lost
      lost = new AbortController()
      held.clear()
      was.abort(new Error('the session with the database ended'))
    },
    async register(changes: Partial<ServerConfig> = {}): Promise<void> {
      await bench.given('server-s-1', registered({ healthEveryMs: 60_000, ...changes }))
    },
    async ask(command: ServerCommand): Promise<void> {
      const commandId = bench.ids.fresh()
      const cause = { actor: 'mira', commandId, correlationId: commandId, causationId: commandId }
      await bench.handle({ aggregate: 'server', id: 's-1', command }, cause)
      await rest()
    },
    rest,
    /** What was recorded of the server since it was registered, requests left out. */
    async facts(): Promise<readonly string[]> {
      const events = await bench.events('server-s-1')
      return events
        .map(({ type }) => type)
        .filter((type) => /^Server(Starting|Running|Stopping|Stopped|Failed|Disabled|Restart|Health)/.test(type))
    },
    program(index = programs.length - 1): FakeProgram {
      const program = programs[index]
      if (!program) throw new RangeError(`no program ${index}`)
      return program
    },
  }
}

/** Several steps follow each other, each behind turns of its own. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settled()
}

export const start = { type: 'RequestServerStart', data: said } as const
export const stop = { type: 'RequestServerStop', data: said } as const
export const restart = { type: 'RequestServerRestart', data: said } as const
