/**
 * The composition root: it knows every adapter, but for those of the storage. Builds from configuration to listener, and takes down in reverse order,
 * so that nothing is closed while something above it still works.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../package.json' with { type: 'json' }
import { openChildProcesses } from './adapters/child-processes/child-processes.ts'
import { createProcessUsage } from './adapters/child-processes/process-usage.ts'
import { createClaude } from './adapters/claude/claude.ts'
import { countCalls } from './adapters/claude/figures.ts'
import { createSystemClock } from './adapters/clock/system-clock.ts'
import { createCodec } from './adapters/codec/codec.ts'
import { createConfigScan } from './adapters/config-scan/config-scan.ts'
import { createCheckpoints } from './adapters/database/checkpoints.ts'
import { createHealthSamples } from './adapters/database/health-samples.ts'
import { createLogCursors } from './adapters/database/log-cursors.ts'
import { loadFaults } from './adapters/fault-files/fault-files.ts'
import { createHasher } from './adapters/hash/sha256.ts'
import { createIds } from './adapters/ids/uuid-ids.ts'
import { serveWebSockets } from './adapters/live-sockets/web-sockets.ts'
import { compileLogMatcher } from './adapters/log-matcher/log-matcher.ts'
import { createLogger } from './adapters/logger/pino-logger.ts'
import { createScrubber } from './adapters/logger/scrubber.ts'
import { createMcpEndpoint } from './adapters/mcp/endpoint.ts'
import { createGateway } from './adapters/mcp/gateway/gateway.ts'
import { createMcpLinks } from './adapters/mcp/links.ts'
import { mcpSessions } from './adapters/mcp/sessions.ts'
import { meterHosts } from './adapters/metrics/metered-hosts.ts'
import { createMetrics } from './adapters/metrics/prometheus-metrics.ts'
import { createResolveOutbound } from './adapters/outbound/resolve-outbound.ts'
import { createRegistryScan } from './adapters/registry-scan/registry-scan.ts'
import { createSchemaCheck } from './adapters/schema-check/schema-check.ts'
import { createSecretVault } from './adapters/secret-vault/secret-vault.ts'
import { createSecrets } from './adapters/secrets/secrets.ts'
import { createServerLogs } from './adapters/server-logs/server-logs.ts'
import { createServersFile } from './adapters/servers-file/servers-file.ts'
import { countConnections } from './adapters/ssh/figures.ts'
import { createRemoteHosts } from './adapters/ssh/remote-hosts.ts'
import { createStopFile } from './adapters/stop-file/stop-file.ts'
import { createTextDiff } from './adapters/text-diff/unified-diff.ts'
import { type FirstKey, makeFirstKey } from './admin-key.ts'
import { createKnownKeys } from './api/known-keys.ts'
import { createLiveHub } from './api/live/live-hub.ts'
import { createEngine, processes, type ServersAtHand } from './commands/engine.ts'
import { createCallFigures } from './commands/fleet/call-figures.ts'
import { createUsageRecorder } from './commands/fleet/usage-recorder.ts'
import { createOperatorCommands } from './commands/operator/operator-commands.ts'
import { secretsOf } from './config/secrets-of.ts'
import type { LoadedConfig } from './config.ts'
import { allScans } from './domain/discovery/all-scans.ts'
import { builtInConfig } from './domain/server/built-in.ts'
import { allProjections } from './projections/all.ts'
import { createReadModels } from './projections/read-models.ts'
import { administeredReadModels, shownReadModels } from './read-models-for-operators.ts'
import { openEntry } from './service-entry.ts'
import { createLagFigures, createStopFileFigures } from './service-figures.ts'
import { openFleet } from './service-fleet.ts'
import { beginFleetLife } from './service-fleet-life.ts'
import { createServiceHealth } from './service-health.ts'
import { startHelpers } from './service-helpers.ts'
import { openStorage } from './service-storage.ts'

export type Service = Readonly<{
  url: string
  /** Only at the first start of a log, and when the operator set no key of his own. */
  firstKey: FirstKey | undefined
  /** Resolves when the service has stopped. */
  done: Promise<void>
  /** No new requests; appends and effects in flight finish and are recorded; within 10 s. */
  stop: () => Promise<void>
}>

export type ServiceOptions = Readonly<{
  /** Where the faults lie. Default: those that come with Steward. */
  faultsDir?: string
  /** Default: as the configuration says. */
  pollEveryMs?: number
  /** Where the log lines go. Default: standard output. */
  logStream?: Parameters<typeof createLogger>[0]['stream']
}>

export const version: string = packageJson.version

const FAULTS_DIR = fileURLToPath(new URL('../faults', import.meta.url))

const CALCULATOR = fileURLToPath(new URL('./built-in/calculator/main.ts', import.meta.url))

/** For effects in flight and servers to end and be recorded; with what the entry has for its requests, less than ten seconds. */
const DRAIN_MS = 5_500

const FIRST_KEY_KNOWN_WITHIN_MS = 30_000

export async function startService({ config, warnings }: LoadedConfig, options: ServiceOptions = {}): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  const scrubber = createScrubber()
  for (const secret of secretsOf(config)) scrubber.register(secret)
  const { logStream, faultsDir = FAULTS_DIR } = options
  const logger = createLogger({ level: config.log.level, scrubber, ...(logStream === undefined ? {} : { stream: logStream }) })
  for (const warning of warnings) logger.warn({}, warning)

  const clock = createSystemClock()
  const ids = createIds({ namespace: config.namespace })
  const hash = createHasher()
  const codec = createCodec()
  const metrics = createMetrics({
    version,
    onUnreadable: (source, error) => logger.warn({ source, error }, 'figures could not be read; they are absent from the metrics'),
  })
  stack.use(metrics)
  const faults = await loadFaults(faultsDir, compileLogMatcher)

  const { db, leases, store } = stack.use(await openStorage({ config, metrics, ids, logger }))
  const readModels = stack.use(
    createReadModels({
      ...{ database: db, eventStore: store, codec, clock, logger, metrics },
      retention: { usageMs: config.usageRetentionMs },
    }),
  )
  await readModels.start()
  const secrets = createSecrets({
    directories: config.secretDirs,
    environment: process.env,
    allowedVariables: config.secretVariables,
    onResolved: (secret) => scrubber.register(secret),
  })
  const hosts = meterHosts(createRemoteHosts({ secrets, clock, logger, observer: countConnections(metrics) }), metrics)
  stack.defer(() => hosts.close())

  const { analyst: asked, policy } = config
  const { apiKey, baseUrl, model, timeoutMs } = asked
  const analyst =
    apiKey === undefined
      ? undefined
      : createClaude({
          apiKey,
          model,
          timeoutMs,
          clock,
          logger,
          onCall: countCalls(metrics),
          ...(baseUrl === undefined ? {} : { baseUrl }),
        })
  const cursors = createLogCursors(db)
  const checkpoints = createCheckpoints(db)
  const stopFile = createStopFile({ dataDir: config.dataDir })
  const samples = createHealthSamples({ db, clock, logger })
  let atHand: ServersAtHand | undefined
  const engine = createEngine({
    store,
    codec,
    ids,
    hash,
    clock,
    agenda: readModels.agenda,
    checkpoints,
    cursors,
    leases,
    hosts,
    roster: readModels.roster,
    analyst,
    compileMatcher: compileLogMatcher,
    diff: createTextDiff(),
    stopFile,
    expiring: [readModels, samples],
    metrics,
    logger,
    faults,
    policy,
    pollEveryMs: options.pollEveryMs ?? config.pollEveryMs,
    servers: () => atHand,
  })
  const firstKey =
    config.adminKey === undefined ? await makeFirstKey({ handle: engine.handle, ids, hash, clock }, config.dataDir) : undefined
  if (firstKey) {
    scrubber.register(firstKey.key)
    // Whoever reads it from its file at once must not be told that it is unknown.
    await readModels.waitFor('api-keys', firstKey.position, FIRST_KEY_KNOWN_WITHIN_MS)
  }

  const stopping = new AbortController()
  const drain = new AbortController()
  const running = engine.run({ signal: stopping.signal, drain: drain.signal })
  // Effects and servers end at the same time, and have the same time for it.
  let drainTimer: NodeJS.Timeout | undefined
  const stopAll = (): void => {
    stopping.abort(new Error('Steward stops'))
    drainTimer ??= setTimeout(() => drain.abort(new Error('no time left')), DRAIN_MS)
  }
  stack.defer(async () => {
    stopAll()
    await running
    clearTimeout(drainTimer)
  })

  const usage = createUsageRecorder({
    ...{ store, codec, ids, clock, logger, metrics },
    keepsArguments: (serverId) => fleet.supervisor.server(serverId)?.state?.config.toolPolicy.recordArguments ?? false,
  })
  const callFigures = createCallFigures({ metrics, nameOf: (serverId) => fleet.supervisor.server(serverId)?.state?.name })
  const programs = await openChildProcesses({ dataDirectory: config.dataDir, logger })
  logger.info({ limits: programs.limiting(), holding: programs.holding() }, 'how managed servers are limited and held together')
  const fleet = openFleet({
    ...{
      engine,
      processes: programs,
      processUsage: createProcessUsage(),
      links: createMcpLinks({ resolve: createResolveOutbound({ allowed: config.serverNetworks }) }),
      sessions: mcpSessions,
      makeGateway: createGateway,
    },
    ...{ roster: readModels.serverRoster, leases, secrets, schemas: createSchemaCheck(), ids, hash, clock, logger, version },
    ...{ logs: createServerLogs({ directory: config.servers.logDir }), samples, drain: drain.signal },
    ...{ startsAtOnce: config.servers.startAtOnce, breaker: config.servers.breaker },
    record(call) {
      usage.record(call)
      callFigures.count(call)
    },
  })
  const { desk, supervisor } = fleet
  atHand = { desk, supervises: supervisor.supervises, seen: supervisor.seen }
  const fleetLife = beginFleetLife({ fleet, usage, samples, drain: drain.signal })
  stack.defer(() => {
    stopAll()
    return fleetLife.stop()
  })

  metrics.readFrom(readModels.figures)
  metrics.readFrom(createLagFigures({ store, clock, checkpoints, processes, readModels, projections: allProjections }))
  metrics.readFrom(createStopFileFigures({ stopFile }))
  metrics.readFrom(fleet.figures)
  const health = createServiceHealth({ version, startedAt: clock.now(), store, readModels, trouble: engine.trouble })
  const commands = createOperatorCommands({
    engine,
    ids,
    clock,
    hash,
    hosts,
    cursors,
    faults,
    compileMatcher: compileLogMatcher,
    projections: administeredReadModels(readModels),
    scan: allScans([
      createConfigScan({ directories: config.discoveryDirs, homes: config.discoveryHomes }),
      ...(config.registryUrl === undefined ? [] : [createRegistryScan({ url: config.registryUrl })]),
    ]),
    vault: createSecretVault({ directories: config.secretDirs, onKept: (secret) => scrubber.register(secret) }),
    logger,
  })
  const callers = createKnownKeys(readModels.queries.keys)
  const hub = createLiveHub({
    ...{ feed: readModels.feed, events: store, codec, clock, logger, metrics },
    onKeyRevoked(keyId) {
      callers.revoked(keyId)
      void fleet.gateway.endPrincipal(keyId)
    },
  })
  const filesDir = join(config.dataDir, 'files')
  if (config.builtIns.includes('filesystem')) await mkdir(filesDir, { recursive: true, mode: 0o700 })
  const places = { calculator: { command: process.execPath, args: [CALCULATOR] }, filesDir }
  const helpers = startHelpers({
    ...{ engine, commands, readModels, fleet, hub, leases, ids, hash, clock, logger },
    serversFile: config.serversFile === undefined ? undefined : createServersFile({ path: config.serversFile }),
    builtIns: { wanted: config.builtIns, configOf: (name) => builtInConfig(name, places, config.servers.usual) },
  })
  stack.defer(helpers.stop)
  const entry = await openEntry({
    ...{ config, version, callers, hub, keys: readModels.queries.keys, logger, metrics, clock, ids, hash },
    application: {
      commands,
      queries: readModels.queries,
      replay: readModels.replay,
      serverPast: readModels.serverPast,
      usualServer: config.servers.usual,
      fleet: fleet.desk,
      healthSamples: samples,
      configuration: commands.configuration,
      readModels: shownReadModels(readModels),
      events: store,
      health,
      stopFile,
      async metrics() {
        callFigures.flush()
        usage.show()
        return { contentType: metrics.contentType, text: await metrics.render() }
      },
    },
    openMcp: (needs) =>
      createMcpEndpoint({
        ...{ gateway: fleet.gateway, ...needs },
        onFault: (error) => logger.error({ error }, 'a request to a managed server could not be handled'),
      }),
    serveLive: (server, admit) => serveWebSockets(server, { admit, logger }),
  })
  stack.defer(entry.close)
  logger.info(
    { url: entry.url, eventStore: config.eventStore.kind, database: config.databaseUrl.kind, namespace: config.namespace, version },
    'listening',
  )

  const resources = stack.move()
  let stopped: Promise<void> | undefined
  return {
    url: entry.url,
    firstKey,
    done: running,
    stop: () => {
      stopped ??= resources.disposeAsync().then(() => logger.info({}, 'stopped'))
      return stopped
    },
  }
}
