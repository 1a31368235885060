/**
 * The API over a world in memory: a real log, read models as arrays, and commands that keep idempotency and revisions as the real ones do.
 * Not a mock that echoes: what a command changes, a query shows.
 */

import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'
import type { Application, HealthReport } from '../../../src/api/application.ts'
import { type Api, type ApiConfig, createApi } from '../../../src/api/create-api.ts'
import type { CommandMeta, OperatorCommands, Outcome, Preview } from '../../../src/api/operator-commands.ts'
import { CommandRefused } from '../../../src/commands/command-refused.ts'
import type { FleetDesk } from '../../../src/commands/fleet/desk.ts'
import { type Instant, instant } from '../../../src/domain/instant.ts'
import type { Role } from '../../../src/domain/key/events.ts'
import type { Clock } from '../../../src/domain/ports/clock.ts'
import { ConcurrencyConflict, type EventStore, type RecordedEvent } from '../../../src/domain/ports/event-store.ts'
import type { LogFields, Logger } from '../../../src/domain/ports/logger.ts'
import type { PresentStopFile } from '../../../src/domain/ports/stop-file.ts'
import { serverDefaults } from '../../../src/domain/server/config.ts'
import type { AnomalyRow } from '../../../src/projections/anomalies.ts'
import type { ApiKeyRow } from '../../../src/projections/api-keys.ts'
import type { CommandRow } from '../../../src/projections/commands.ts'
import type { HostRow } from '../../../src/projections/hosts.ts'
import type { OperationRow } from '../../../src/projections/operations.ts'
import type {
  ApprovalView,
  EventRecord,
  IncidentDetails,
  Queries,
  ServerToolView,
  ServerView,
  TargetView,
} from '../../../src/projections/queries/index.ts'
import { fitsServer } from '../../../src/projections/queries/servers.ts'
import type { ServerPast } from '../../../src/projections/server-past.ts'
import { checkPosition, collection, type Model } from './collection.ts'
import { configurationDesk } from './configuration-desk.ts'
import { anomalyRow, approvalRow, at, commandRow, hostRow, incidentDetails, operationRow, serverRow, targetRow, toolRow } from './rows.ts'
import { usageOf } from './usage.ts'

export const ADMIN_KEY = 'sk_admin-key-of-the-tests-0123456789abcdef'
export const roleKeys: Readonly<Record<Role, string>> = {
  viewer: 'sk_viewer-key-of-the-tests-0123456789abcdef',
  operator: 'sk_operator-key-of-the-tests-0123456789abcd',
  admin: 'sk_administrator-key-of-the-tests-012345678',
  system_admin: 'sk_system-admin-key-of-the-tests-0123456789',
}

export type LogLine = Readonly<{ level: string; message: string; fields: LogFields }>

export type TestApi = Readonly<{
  api: Api
  world: World
  lines: LogLine[]
  counts: { name: string; labels: Readonly<Record<string, string>> }[]
  clock: { now: Instant; pass: (ms: number) => void }
  request: (path: string, init?: RequestInit & { key?: string | null; json?: unknown }) => Promise<Response>
}>

export type World = Readonly<{
  model: Model
  keys: ApiKeyRow[]
  hosts: HostRow[]
  targets: TargetView[]
  servers: ServerView[]
  serverTools: ServerToolView[]
  anomalies: AnomalyRow[]
  incidents: IncidentDetails[]
  approvals: ApprovalView[]
  commands: CommandRow[]
  operations: OperationRow[]
  store: EventStore
  /** Every call of a command, in order. */
  calls: { name: string; input: object; meta: CommandMeta }[]
  /** What was asked of the supervisor. */
  asked: object[]
  /** What the next call of a command throws. */
  fail: { next: Error | undefined }
  health: { status: HealthReport['status']; missing: string[] }
  /** The file in the data directory. */
  stopFile: { present: PresentStopFile | undefined }
  append: (stream: `${string}-${string}`, type: string, data: Readonly<Record<string, string>>) => Promise<bigint>
}>

/** `adapt`: puts real parts in the place of those that are kept simple here. */
export function testApi(config: Partial<ApiConfig> = {}, adapt: (application: Application) => Application = (it) => it): TestApi {
  const hash = createHasher()
  const ids = createIds({ namespace: 'test' })
  let now = at
  // Nobody waits, and everybody else has his turn.
  const clock: Clock = { now: () => now, sleep: () => new Promise((resolve) => setImmediate(resolve)) }
  const lines: LogLine[] = []
  const counts: TestApi['counts'] = []
  const world = createWorld(clock, ids.fresh, (key) => hash.sha256(key))
  const logger = logInto(lines)
  const api = createApi({
    application: adapt(applicationOf(world)),
    config: { version: '0.0.0-test', adminKeySha256: hash.sha256(ADMIN_KEY), ...config },
    logger,
    metrics: { count: (name, labels = {}) => void counts.push({ name, labels }), observe: () => undefined, set: () => undefined },
    clock,
    ids,
    hash,
  })
  return {
    api,
    world,
    lines,
    counts,
    clock: {
      get now() {
        return now
      },
      pass(ms) {
        now = instant(new Date(Date.parse(now) + ms).toISOString())
      },
    },
    async request(path, { key = ADMIN_KEY, json, ...init } = {}) {
      const headers = new Headers(init.headers)
      if (key !== null && !headers.has('authorization')) headers.set('authorization', `Bearer ${key}`)
      if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
      return api.app.request(path, { ...init, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) })
    },
  }
}

function logInto(lines: LogLine[]): Logger {
  const write = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, message, fields })
  const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: () => logger }
  return logger
}

function createWorld(clock: Clock, freshId: () => string, sha256: (key: string) => string): World {
  const store = createMemoryEventStore({ clock })
  const model: Model = { position: 100n }
  const roles: readonly Role[] = ['viewer', 'operator', 'admin', 'system_admin']
  return {
    model,
    keys: roles.map((role) => keyRow(role, role, sha256(roleKeys[role]))),
    hosts: [hostRow],
    targets: [targetRow, { ...targetRow, targetId: 'target-2', name: 'db-01-redis', service: 'redis', revision: 2n }],
    servers: [serverRow],
    serverTools: [toolRow],
    anomalies: [anomalyRow],
    incidents: [incidentDetails],
    approvals: [approvalRow],
    commands: [commandRow],
    operations: [operationRow],
    store,
    calls: [],
    asked: [],
    fail: { next: undefined },
    health: { status: 'healthy', missing: [] },
    stopFile: { present: undefined },
    async append(stream, type, data) {
      const eventId = freshId()
      let revision: bigint | undefined
      for await (const event of store.readStream(stream, { direction: 'backwards', limit: 1 })) revision = event.revision
      const metadata = { eventId, correlationId: 'correlation-1', causationId: eventId, actor: 'tester', schemaVersion: 1 }
      const { position } = await store.append(stream, revision ?? 'no-stream', [{ type, data, metadata }])
      return position
    },
  }
}

export const keyRow = (keyId: string, role: Role, sha256: string): ApiKeyRow => ({
  keyId,
  name: keyId,
  role,
  owner: `owner-of-${keyId}`,
  sha256,
  expiresAt: null,
  createdBy: 'admin',
  createdAt: at,
  revokedBy: null,
  revokedReason: null,
  revokedAt: null,
  revision: 0n,
})

function applicationOf(world: World): Application {
  const { store, health } = world
  return {
    commands: commandsOf(world),
    queries: queriesOf(world),
    events: store,
    stopFile: { present: async () => world.stopFile.present },
    serverPast: serverPastOf(world),
    usualServer: serverDefaults,
    healthSamples: { latest: async () => [] },
    fleet: deskOf(world),
    configuration: configurationDesk().configuration,
    replay: {
      async stateAt(stream, moment) {
        const events: RecordedEvent[] = []
        for await (const event of store.readStream(stream)) {
          const before = moment === 'now' || ('position' in moment ? event.position <= moment.position : event.recordedAt <= moment.time)
          if (before) events.push(event)
        }
        const last = events.at(-1)
        if (!last) return undefined
        const { revision, position, recordedAt } = last
        return { stream, aggregate: 'target', state: { events: events.length }, revision, position, at: instant(recordedAt) }
      },
    },
    readModels: {
      projections: async () => [
        {
          name: 'incidents',
          version: 1,
          state: 'live',
          position: world.model.position,
          caughtUp: true,
          lagSeconds: 0,
          parkedBecause: null,
        },
      ],
      parkedInstances: async () => [
        { process: 'healing', instance: 'incident-1', position: '9', eventId: 'event-9', cause: 'no such state', at },
      ],
    },
    health: {
      readiness: async () => ({ ready: health.missing.length === 0, missing: health.missing }),
      report: async () => ({
        status: health.status,
        version: '0.0.0-test',
        startedAt: at,
        checks: [{ name: 'event-store', status: health.status, says: 'reachable at a secret place' }],
        agents: [{ name: 'log-watch', status: 'running', lastAnalysis: null }],
        resources: { cpuPercent: 1, memoryPercent: 2, memoryUsedBytes: 3, memoryTotalBytes: 4 },
      }),
    },
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'steward_up 1\n' }),
  }
}

function queriesOf(world: World): Queries {
  const { model, keys, hosts, targets, servers, serverTools, anomalies, incidents, approvals, commands, operations, store } = world
  const equal = <Value>(wanted: Value | undefined, value: Value) => wanted === undefined || wanted === value
  return {
    keys: {
      ...collection(model, keys, (row) => row.keyId),
      bySha256: async (sha256) => keys.find((row) => row.sha256 === sha256),
    },
    hosts: collection(
      model,
      hosts,
      (row) => row.hostId,
      (row, filter) => equal(filter.name, row.name),
    ),
    targets: collection(
      model,
      targets,
      (row) => row.targetId,
      (row, filter) => equal(filter.name, row.name) && equal(filter.service, row.service) && row.state === 'registered',
    ),
    servers: collection(model, servers, (row) => row.serverId, fitsServer),
    serverTools: collection(
      model,
      serverTools,
      (row) => row.toolId,
      ({ serverId, tool, state }, filter) =>
        equal(filter.serverId, serverId) && equal(filter.tool, tool) && equal(filter.state, state) && tool.includes(filter.search ?? ''),
    ),
    anomalies: collection(
      model,
      anomalies,
      (row) => row.anomalyId,
      (row, filter) => equal(filter.targetId, row.targetId),
    ),
    incidents: collection(model, incidents, (row) => row.incidentId),
    approvals: collection(model, approvals, (row) => row.approvalId),
    commands: collection(model, commands, (row) => row.commandId),
    operations: collection(model, operations, (row) => row.operationId),
    serverSelection: async ({ ids = ['server-1'] }) => ({
      value: ids.map((id) => ({ id, name: servers.find(({ serverId }) => serverId === id)?.name ?? `name-of-${id}` })),
      position: model.position,
    }),
    fingerprints: collection(model, [], () => ''),
    remedyGuards: collection(model, [], () => ''),
    parkedInstances: collection(model, [], () => ''),
    events: eventsOf(store, model),
    usage: usageOf(model),
    async healingSwitch(options = {}) {
      checkPosition(model, options)
      return { value: undefined, position: model.position }
    },
    async summary(options = {}) {
      checkPosition(model, options)
      const value = {
        hosts: { registered: hosts.length, lost: 0 },
        targets: { registered: targets.length, paused: 0, frozen: 0, unseen: 0 },
        incidents: { open: 1, byState: { 'awaiting-approval': 1 }, bySeverity: { error: 1 } },
        approvals: { pending: 1 },
        anomalies: { total: 1, last24h: 1 },
        healing: { stopped: false },
      }
      return { value, position: model.position }
    },
  }
}

/** What happened, looked for in the log itself. */
export function eventsOf(store: Pick<EventStore, 'readAll'>, model: Model): Queries['events'] {
  const equal = <Value>(wanted: Value | undefined, value: Value) => wanted === undefined || wanted === value
  const events = async () => {
    const all: EventRecord[] = []
    for await (const each of store.readAll()) if ('type' in each) all.push(recordOf(each))
    return all
  }
  return {
    async list(options = {}) {
      const { types, stream, category, correlationId, from, until } = options
      const all = (await events()).filter(
        (event) =>
          (types === undefined || types.includes(event.type)) &&
          (category === undefined || event.stream.startsWith(`${category}-`)) &&
          (from === undefined || event.at >= from) &&
          (until === undefined || event.at < until) &&
          equal(stream, event.stream) &&
          equal(correlationId, event.correlationId),
      )
      return collection(model, options.order === 'newest' ? all.toReversed() : all, (event) => event.eventId).list(options)
    },
    show: async (id, options) => collection(model, await events(), (event) => event.eventId).show(id, options),
    async causality(id) {
      const event = (await events()).find((each) => each.eventId === id)
      return { value: event && { event, causes: [], effects: [], correlated: [event] }, position: model.position }
    },
  }
}

function serverPastOf({ model, servers }: World): ServerPast {
  const past = collection(model, servers, (row) => row.serverId, fitsServer)
  const { position } = model
  return {
    list: (_at, options = {}) => past.list(options),
    async show(id) {
      const view = servers.find(({ serverId }) => serverId === id)
      return view && { view, position, recordedAt: at }
    },
    async history(id) {
      if (!servers.some(({ serverId }) => serverId === id)) return undefined
      const told = {
        by: 'mira',
        reason: null,
        commandId: 'command-1',
        tool: null,
        changes: [{ field: 'callTimeoutMs', from: 1, to: undefined }],
      }
      const items = [{ type: 'ServerConfigChanged' as const, revision: 0n, position: 5n, at, ...told }]
      return { items, nextCursor: undefined, total: undefined, position }
    },
  }
}

export const someVitals = { breaker: 'closed', clients: 2, memoryBytes: 52_428_800, cpuSeconds: 12.5, cpuPercent: 3.2 } as const

const deskOf = (world: World): FleetDesk => ({
  vitals: async () => someVitals,
  allVitals: async () => new Map(world.servers.map(({ serverId }) => [serverId, someVitals])),
  refreshServer: async (id) => void world.asked.push({ refresh: id }),
  serverLogs: async (_id, { after = '0' }) => ({ lines: [{ runId: 'run-1', text: 'ready' }], cursor: `${after}1` }),
  async callTool({ serverId, tool, principal, arguments: given }) {
    world.asked.push({ call: tool, of: serverId, by: principal, given })
    return { content: [{ type: 'text', text: 'done' }], _meta: { of: 'the server' } }
  },
  async testServer(config, { approved }) {
    world.asked.push({ test: config.displayName, approved })
    const failure = { reason: 'start-timeout', says: 'no answer', stderrTail: '' } as const
    return { works: false, durationMs: 4, negotiated: null, tools: [], failure }
  },
  tryUpgrade: async (_id, to) => ({ kind: 'same', from: to, to }),
})

const recordOf = ({ type, data, metadata, stream, revision, position, recordedAt }: RecordedEvent): EventRecord => ({
  position,
  stream,
  revision,
  type,
  eventId: metadata.eventId,
  correlationId: metadata.correlationId,
  causationId: metadata.causationId,
  commandId: metadata.commandId ?? null,
  actor: metadata.actor,
  at: instant(recordedAt),
  schemaVersion: metadata.schemaVersion,
  data,
})

function commandsOf(world: World): OperatorCommands {
  const firsts = new Map<string, { bodyHash: string; settled: () => Promise<Outcome & { sha256: string }> }>()

  /** Idempotency as the real commands keep it: the first outcome again, refusals included; another body is refused. */
  function attempt(name: string, work: (input: { id: string; meta: CommandMeta }) => Omit<Outcome, 'commandId'> & { sha256?: string }) {
    return async (input: { meta: CommandMeta; id?: string }) => {
      const { meta } = input
      const known = firsts.get(meta.commandId)
      if (known && known.bodyHash !== meta.bodyHash) throw new CommandRefused({ rule: 'idempotency-mismatch', facts: {} })
      if (known) return known.settled()
      world.calls.push({ name, input, meta })
      const outcome = (async () => {
        if (world.fail.next) {
          const error = world.fail.next
          world.fail.next = undefined
          throw error
        }
        return { sha256: '', ...work({ ...input, id: input.id ?? 'new-1' }), commandId: meta.commandId }
      })()
      firsts.set(meta.commandId, { bodyHash: meta.bodyHash, settled: () => outcome })
      return outcome
    }
  }
  const moved = (id: string): Omit<Outcome, 'commandId'> => ({ id, position: ++world.model.position })
  const simple = (name: string) => attempt(name, ({ id }) => moved(id))

  /** Its preview would record nothing, about the same thing. */
  const previewed = (name: string) =>
    Object.assign(simple(name), {
      preview: async (input: object): Promise<Preview> => ({
        id: 'id' in input && typeof input.id === 'string' ? input.id : 'new-1',
        wouldRecord: [],
      }),
    })

  function onTarget(name: string, change: (row: TargetView) => TargetView) {
    return attempt(name, ({ id, meta }) => {
      const index = world.targets.findIndex((row) => row.targetId === id)
      const row = world.targets[index]
      if (!row) throw new CommandRefused({ rule: 'target-not-registered', facts: { situation: 'absent' } })
      if (meta.expectedRevision !== undefined && meta.expectedRevision !== row.revision) {
        throw new ConcurrencyConflict({ stream: `target-${id}`, expected: meta.expectedRevision, actual: row.revision })
      }
      const revision = row.revision + 1n
      world.targets[index] = { ...change(row), revision }
      return { ...moved(id), revision }
    })
  }

  return {
    createKey: async (input) =>
      attempt('createKey', () => {
        const { name, role, owner, sha256 } = input
        world.keys.push({ ...keyRow(`key-of-${name}`, role, sha256), name, owner })
        return { ...moved(`key-of-${name}`), sha256 }
      })(input),
    revokeKey: attempt('revokeKey', ({ id }) => {
      const index = world.keys.findIndex((row) => row.keyId === id)
      const row = world.keys[index]
      if (!row) throw new CommandRefused({ rule: 'key-not-found', facts: {} })
      world.keys[index] = { ...row, revokedAt: at }
      return moved(id)
    }),
    registerHost: async (input) =>
      attempt('registerHost', () => {
        if (input.hostKey === undefined) {
          throw new CommandRefused({ rule: 'host-key-unconfirmed', facts: { fingerprint: 'SHA256:abc', hostKey: 'ssh-ed25519 AAAA' } })
        }
        return moved('host-new')
      })(input),
    changeHostKey: simple('changeHostKey'),
    retireHost: simple('retireHost'),
    testHost: async (input) => ({ ...(await simple('testHost')(input)), reachable: false, durationMs: 12, rule: 'refused', says: 'no' }),
    registerTarget: simple('registerTarget'),
    changeTargetMode: async (input) => onTarget('changeTargetMode', (row) => ({ ...row, mode: input.mode }))(input),
    pauseTarget: onTarget('pauseTarget', (row) => ({ ...row, paused: true, status: 'paused' })),
    resumeTarget: onTarget('resumeTarget', (row) => ({ ...row, paused: false, status: 'healthy' })),
    unfreezeTarget: onTarget('unfreezeTarget', (row) => row),
    retireTarget: onTarget('retireTarget', (row) => ({ ...row, state: 'retired' })),
    acceptDrift: simple('acceptDrift'),
    reportAnomaly: simple('reportAnomaly'),
    changeAnomalyStatus: async (input) =>
      attempt('changeAnomalyStatus', ({ id }) => {
        if (input.status === 'new') {
          throw new CommandRefused({ rule: 'anomaly-move-not-allowed', facts: { from: 'ignored', to: 'new', allowed: 'investigating' } })
        }
        return moved(id)
      })(input),
    acknowledgeIncident: simple('acknowledgeIncident'),
    closeIncident: simple('closeIncident'),
    resolveIncident: simple('resolveIncident'),
    reanalyseIncident: simple('reanalyseIncident'),
    approve: async (input) =>
      attempt('approve', ({ id }) => {
        const row = world.approvals.find((each) => each.approvalId === id)
        if (!row) throw new CommandRefused({ rule: 'approval-not-pending', facts: { situation: 'absent' } })
        if (row.planHash !== input.planHash) {
          throw new CommandRefused({ rule: 'approval-is-for-another-plan', facts: { shown: input.planHash, current: row.planHash } })
        }
        return moved(id)
      })(input),
    reject: simple('reject'),
    revoke: simple('revoke'),
    stopHealing: simple('stopHealing'),
    resumeHealing: simple('resumeHealing'),
    resetBreaker: simple('resetBreaker'),
    clearRemedy: simple('clearRemedy'),
    rebuildProjection: simple('rebuildProjection'),
    verifyProjection: simple('verifyProjection'),
    startBulk: Object.assign(simple('startBulk'), {
      preview: async ({ items }: Parameters<OperatorCommands['startBulk']['preview']>[0]) => ({
        items: items.map((item) => ({ ...item, wouldRecord: [] })),
      }),
    }),
    startUpgrade: simple('startUpgrade'),
    cancelOperation: simple('cancelOperation'),
    unparkInstance: simple('unparkInstance'),
    registerServer: Object.assign(
      attempt('registerServer', () => moved('server-1')),
      { preview: previewed('registerServer').preview },
    ),
    changeServerConfig: previewed('changeServerConfig'),
    enableServer: previewed('enableServer'),
    disableServer: previewed('disableServer'),
    startServer: previewed('startServer'),
    stopServer: previewed('stopServer'),
    restartServer: previewed('restartServer'),
    enterMaintenance: previewed('enterMaintenance'),
    leaveMaintenance: previewed('leaveMaintenance'),
    approveExecutable: previewed('approveExecutable'),
    revokeExecutable: previewed('revokeExecutable'),
    retireServer: previewed('retireServer'),
    restoreServer: previewed('restoreServer'),
    approveTool: previewed('approveTool'),
    approveInstructions: previewed('approveInstructions'),
    enableTool: previewed('enableTool'),
    disableTool: previewed('disableTool'),
    changeToolSettings: previewed('changeToolSettings'),
    undoCommand: previewed('undoCommand'),
  }
}
