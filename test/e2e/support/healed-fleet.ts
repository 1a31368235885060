/** The engine and the fleet over one log in memory, with real programs as servers: everything of the service but its database, its API and its SSH. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { openChildProcesses } from '../../../src/adapters/child-processes/child-processes.ts'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'
import { createCodec } from '../../../src/adapters/codec/codec.ts'
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { createMemoryLog } from '../../../src/adapters/event-store/memory/memory-log.ts'
import { loadFaults } from '../../../src/adapters/fault-files/fault-files.ts'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'
import { compileLogMatcher } from '../../../src/adapters/log-matcher/log-matcher.ts'
import { createMcpLinks } from '../../../src/adapters/mcp/links.ts'
import { mcpSessions } from '../../../src/adapters/mcp/sessions.ts'
import { createResolveOutbound } from '../../../src/adapters/outbound/resolve-outbound.ts'
import { createSchemaCheck } from '../../../src/adapters/schema-check/schema-check.ts'
import { createServerLogs } from '../../../src/adapters/server-logs/server-logs.ts'
import { createTextDiff } from '../../../src/adapters/text-diff/unified-diff.ts'
import { readEffectStream } from '../../../src/commands/effect-stream.ts'
import { createEngine, type ServersAtHand } from '../../../src/commands/engine.ts'
import { readProcessStream } from '../../../src/commands/process-stream.ts'
import type { AnyCommand } from '../../../src/domain/aggregates.ts'
import type { EventOf, EventType, Recorded } from '../../../src/domain/events.ts'
import type { PolicyRules } from '../../../src/domain/policy.ts'
import type { Agenda, DueTimer, OpenEffect } from '../../../src/domain/ports/agenda.ts'
import type { Checkpoints } from '../../../src/domain/ports/checkpoints.ts'
import type { Position } from '../../../src/domain/ports/event-store.ts'
import type { Leases } from '../../../src/domain/ports/leases.ts'
import type { Logger } from '../../../src/domain/ports/logger.ts'
import { type ServerConfig, type StdioTransport, serverDefaults } from '../../../src/domain/server/config.ts'
import { argvHash } from '../../../src/domain/server/executable.ts'
import { openFleet } from '../../../src/service-fleet.ts'
import { until } from '../../support/until.ts'

const MOODY = fileURLToPath(new URL('../../support/mcp/servers/moody-server.ts', import.meta.url))
const FAULTS = fileURLToPath(new URL('../../../faults', import.meta.url))
const POLICY: PolicyRules = { auto: [], ceilings: {}, actionsPerHostPerHour: 20, windowMs: 1_000, approversNeeded: 1 }

export type HealedFleet = Awaited<ReturnType<typeof openHealedFleet>>

/** `limits`: kept as well as this machine can; without, nothing is kept. */
export async function openHealedFleet({ limits = false, ...policy }: Partial<PolicyRules> & Readonly<{ limits?: boolean }> = {}) {
  const place = await mkdtemp(join(tmpdir(), 'healed-fleet-'))
  const clock = createSystemClock()
  const memory = createMemoryLog()
  const store = createMemoryEventStore({ clock, log: memory })
  const codec = createCodec()
  const ids = createIds({ namespace: 'test' })
  const hash = createHasher()
  const leases = leasesInMemory()
  let atHand: ServersAtHand | undefined
  const decoded: Recorded[] = []
  const all = (): readonly Recorded[] => {
    for (const event of memory.all.slice(decoded.length)) decoded.push(codec.decode(event))
    return decoded
  }
  const engine = createEngine({
    ...{ store, codec, ids, hash, clock, leases, compileMatcher: compileLogMatcher, analyst: undefined, logger: SILENT },
    agenda: agendaOf(all),
    checkpoints: checkpointsInMemory(),
    cursors: { load: async () => undefined, save: async () => undefined, forget: async () => undefined },
    hosts: { open: noHost, scanHostKey: noHost, forget: async () => undefined, close: async () => undefined },
    roster: { watched: async () => [] },
    diff: createTextDiff(),
    stopFile: { present: async () => undefined },
    expiring: [],
    metrics: { count: () => undefined, observe: () => undefined, set: () => undefined },
    faults: await loadFaults(FAULTS, compileLogMatcher),
    policy: { ...POLICY, ...policy, version: 'test' },
    servers: () => atHand,
  })
  const stopping = new AbortController()
  const drain = new AbortController()
  const running = engine.run({ signal: stopping.signal, drain: drain.signal })
  const processes = await openChildProcesses({
    dataDirectory: place,
    logger: SILENT,
    closeGraceMs: 0,
    ...(limits ? {} : { limitMethod: 'none' }),
  })
  const fleet = openFleet({
    ...{
      engine,
      processes,
      links: createMcpLinks({ resolve: createResolveOutbound({ allowed: [] }) }),
      sessions: mcpSessions,
      leases,
      ids,
      hash,
      clock,
      logger: SILENT,
      version: '0',
    },
    makeGateway: () => ({
      toolsChanged: () => undefined,
      clientsOf: () => 0,
      callTool: noHost,
      endSessions: async () => undefined,
      close: async () => undefined,
    }),
    processUsage: { ofGroups: async () => new Map() },
    samples: { record: () => undefined, latest: async () => [] },
    startsAtOnce: 8,
    breaker: { failuresToOpen: 5, openMs: 30_000 },
    roster: { servers: async () => ({ serverIds: [], position: undefined }) },
    secrets: { resolve: noHost },
    schemas: createSchemaCheck(),
    logs: createServerLogs({ directory: join(place, 'logs') }),
    record: () => undefined,
    drain: drain.signal,
  })
  atHand = { desk: fleet.desk, supervises: fleet.supervisor.supervises, seen: fleet.supervisor.seen }
  const supervising = fleet.run(stopping.signal)
  onTestFinished(async () => {
    stopping.abort(new Error('the test is over'))
    drain.abort(new Error('the test is over'))
    await Promise.allSettled([running, supervising])
    await fleet.close()
    await rm(place, { recursive: true, force: true })
  })

  const ask = async (command: AnyCommand): Promise<void> => {
    const commandId = ids.fresh()
    await engine.handle(command, { actor: 'mira', commandId, correlationId: commandId, causationId: commandId })
  }
  const said = { by: 'mira', reason: 'as it should be' }
  const of = <Type extends EventType>(...types: readonly Type[]): readonly Recorded<EventOf<Type>>[] =>
    all().filter((event): event is Recorded<EventOf<Type>> => types.some((type) => type === event.type))

  return {
    place,
    limiting: processes.limiting,
    all,
    of,
    ask,
    types: () => all().map(({ type }) => type),
    async register(serverId: string, config: Partial<ServerConfig> & { env?: Readonly<Record<string, string>> }): Promise<void> {
      const data = { serverId, name: serverId, config: moody(config), builtIn: false, enabled: true, by: 'mira', now: clock.now() }
      await ask({ aggregate: 'server', id: serverId, command: { type: 'RegisterServer', data } })
      // It is the same program with the same arguments, whatever its mood.
      const approved = { ...said, argvHash: argvHash(TRANSPORT, hash), now: clock.now() }
      await ask({ aggregate: 'server', id: serverId, command: { type: 'ApproveExecutable', data: approved } })
      await ask({ aggregate: 'server', id: serverId, command: { type: 'RequestServerStart', data: { ...said, now: clock.now() } } })
    },
    async configure(serverId: string, config: Partial<ServerConfig> & { env?: Readonly<Record<string, string>> }): Promise<void> {
      const at = { ...said, now: clock.now() }
      await ask({ aggregate: 'server', id: serverId, command: { type: 'ChangeServerConfig', data: { ...at, config: moody(config) } } })
      await ask({ aggregate: 'server', id: serverId, command: { type: 'RequestServerRestart', data: at } })
    },
    async server(serverId: string) {
      const { state } = await engine.log.states.server(serverId)
      if (state.situation !== 'registered') throw new Error(`server ${serverId} is ${state.situation}`)
      return state
    },
    /** From now on the policy may approve for this server. */
    async act(serverId: string): Promise<void> {
      const isOf = ({ data }: Recorded<EventOf<'TargetRegistered'>>): boolean => data.hostId === serverId
      await until(() => of('TargetRegistered').some(isOf))
      const id = of('TargetRegistered').find(isOf)?.data.targetId ?? ''
      await ask({ aggregate: 'target', id, command: { type: 'ChangeTargetMode', data: { mode: 'act', ...said, now: clock.now() } } })
    },
    /** Approves the one plan that waits. */
    async approve(): Promise<void> {
      await until(() => of('ApprovalRequested').length > of('ApprovalGranted').length, 170_000)
      const asked = of('ApprovalRequested').at(-1)
      if (!asked) throw new Error('nothing to approve')
      const { approvalId, planHash } = asked.data
      const data = { planHash, by: 'mira', owner: 'mira', now: clock.now() }
      await ask({ aggregate: 'approval', id: approvalId, command: { type: 'GrantApproval', data } })
    },
    happens: (...types: readonly EventType[]) => until(() => of(...types).length > 0, 170_000),
  }
}

const TRANSPORT: StdioTransport = { kind: 'stdio', command: process.execPath, args: [MOODY], env: {} }

function moody({ env = {}, ...changes }: Partial<ServerConfig> & { env?: Readonly<Record<string, string>> }): ServerConfig {
  return {
    ...serverDefaults,
    displayName: 'moody',
    transport: { ...TRANSPORT, env },
    maxFailures: 2,
    restartBudget: 1,
    stopGraceMs: 500,
    ...changes,
  }
}

function noHost(): never {
  throw new Error('nothing here is reached over SSH')
}

function leasesInMemory(): Leases {
  const held = new Set<string>()
  return {
    async tryHold(name) {
      if (held.has(name)) return undefined
      held.add(name)
      return { name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => void held.delete(name) }
    },
    isHeld: async (name) => held.has(name),
  }
}

function checkpointsInMemory(): Checkpoints {
  const positions = new Map<string, Position>()
  return {
    load: async (name) => positions.get(name),
    async claim(name, from, work) {
      if (positions.get(name) !== from) return 'moved'
      positions.set(name, await work())
      return 'done'
    },
  }
}

/** What the read models would say, read from the log itself. */
function agendaOf(all: () => readonly Recorded[]): Agenda {
  const streams = () => Map.groupBy(all(), ({ stream }) => stream)
  return {
    async openEffects() {
      const byStream = streams()
      return [...byStream.values()].flatMap((events): OpenEffect[] =>
        [...readProcessStream(events).effects.values()].flatMap(({ data: { effectId, process, instance, request } }) => {
          const state = readEffectStream(byStream.get(`effect-${effectId}`) ?? [])
          if (state.kind === 'ended') return []
          const claim = state.kind === 'started' ? state : { runnerId: undefined, deadlineAt: undefined }
          return [{ effectId, process, instance, kind: request.kind, runnerId: claim.runnerId, deadlineAt: claim.deadlineAt }]
        }),
      )
    },
    dueTimers: async (now) =>
      [...streams().values()].flatMap((events): DueTimer[] =>
        [...readProcessStream(events).pendingTimers.values()].map(({ data }) => data).filter(({ dueAt }) => dueAt <= now),
      ),
    openCommands: async () => [],
  }
}

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => console.warn(message, fields),
  error: (fields, message) => console.error(message, fields),
  child: () => SILENT,
}
