/**
 * The fleet, put together: programs, lines, supervisor, gateway, and the way in. Closed in reverse order, so that no caller is let in any more when
 * the servers end, and nothing of a server outlives its supervisor.
 */
import type { Engine } from './commands/engine.ts'
import { createCallRules } from './commands/fleet/call-rules.ts'
import { createCanaryStart } from './commands/fleet/canary.ts'
import { createFleetDesk, type FleetDesk } from './commands/fleet/desk.ts'
import { createCallObserver, createDirectory } from './commands/fleet/directory.ts'
import { createFleetVitals, type FleetVitals } from './commands/fleet/fleet-figures.ts'
import { createLaunch } from './commands/fleet/launch.ts'
import { createServerAlerts } from './commands/fleet/server-alerts.ts'
import { createSupervisor, type Supervisor } from './commands/fleet/supervisor.ts'
import type { CanaryStart } from './domain/ports/canary-start.ts'
import type { ChildProcesses } from './domain/ports/child-processes.ts'
import type { Clock } from './domain/ports/clock.ts'
import type { Hash } from './domain/ports/hash.ts'
import type { HealthSamples } from './domain/ports/health-samples.ts'
import type { Ids } from './domain/ports/ids.ts'
import type { Leases } from './domain/ports/leases.ts'
import type { Logger } from './domain/ports/logger.ts'
import type { GatewayUsage, McpDirectory, McpSessions, PlainAnswer, PlainCall } from './domain/ports/mcp.ts'
import type { McpLinks } from './domain/ports/mcp-links.ts'
import type { ProcessUsage } from './domain/ports/process-usage.ts'
import type { SchemaCheck } from './domain/ports/schema-check.ts'
import type { Secrets } from './domain/ports/secrets.ts'
import type { ServerLogs } from './domain/ports/server-logs.ts'
import type { ServerRoster } from './domain/ports/server-roster.ts'
import type { BreakerLimits } from './domain/server/breaker.ts'
import { createSlots } from './domain/slots.ts'

/** What the fleet asks of its gateway; whoever lets callers in asks more. */
export interface FleetGateway {
  /** The list that is served for this server is another now. */
  toolsChanged(serverId: string): void
  /** How many clients have a session, or a line of their own, with it now. */
  clientsOf(serverId: string): number
  callTool(call: PlainCall): Promise<PlainAnswer>
  /** The server is no more: whoever still listens hears that it is over. */
  endSessions(serverId: string): Promise<void>
  close(): Promise<void>
}

export type FleetParts<Gateway extends FleetGateway> = Readonly<{
  engine: Pick<Engine, 'log' | 'handle'>
  processes: ChildProcesses
  processUsage: ProcessUsage
  links: McpLinks
  sessions: McpSessions
  makeGateway: (parts: GatewayNeeds) => Gateway
  roster: ServerRoster
  leases: Leases
  secrets: Secrets
  schemas: SchemaCheck
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
  logs: ServerLogs
  samples: HealthSamples
  version: string
  /** Takes what a call was, and returns at once. */
  record: (usage: GatewayUsage) => void
  /** Aborts when there is no time left to record anything. */
  drain: AbortSignal
  /** Programs are hungriest when they begin. */
  startsAtOnce: number
  breaker: BreakerLimits
}>

type GatewayNeeds = Readonly<{
  directory: McpDirectory
  record: (usage: GatewayUsage) => void
  onRefused: (facts: Readonly<{ server: string; rule: string; says: string }>) => void
}>

export interface Fleet<Gateway extends FleetGateway> {
  readonly supervisor: Supervisor
  readonly gateway: Gateway
  readonly desk: FleetDesk
  readonly canary: CanaryStart
  /** New callers of a server wait for its next run; resolves when the calls under way have ended. */
  drain(serverId: string, withinMs: number, signal: AbortSignal): Promise<Disposable>
  readonly figures: FleetVitals['figures']
  /** Supervises until the signal aborts; then every server has ended. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** One that hangs has its place for ten seconds; the others must not wait for it. */
const PROBES_AT_ONCE = 16

export function openFleet<Gateway extends FleetGateway>({
  engine,
  processes,
  links,
  sessions,
  ids,
  hash,
  clock,
  logger,
  ...parts
}: FleetParts<Gateway>): Fleet<Gateway> {
  const logPathOf = parts.logs.pathOf
  const slots = createSlots(parts.startsAtOnce)
  const identity = { info: { name: 'mcp-steward', version: parts.version }, capabilities: { sampling: {}, elicitation: {} } }
  const launch = createLaunch({ processes, links, secrets: parts.secrets })
  const supervisor = createSupervisor({
    ...{ log: engine.log, handle: engine.handle, processes, launch, sessions, ids, hash, clock, logger },
    ...{ roster: parts.roster, leases: parts.leases },
    identity,
    jitter: Math.random,
    slots,
    logPathOf,
    probes: createSlots(PROBES_AT_ONCE),
    samples: parts.samples,
    drain: parts.drain,
    changed: (serverId) => gateway.toolsChanged(serverId),
    retired: (serverId) => void gateway.endSessions(serverId),
  })
  const canary = createCanaryStart({ logs: parts.logs, slots, launch, sessions, identity, ids, hash, clock, logger })
  const rules = createCallRules({ schemas: parts.schemas })
  const directory = createDirectory({ supervisor, rules, launch, ids, hash, clock, logPathOf, breaker: parts.breaker })
  const observe = createCallObserver({ supervisor, clock, breaker: parts.breaker })
  const alerts = createServerAlerts({ supervisor, processUsage: parts.processUsage, handle: engine.handle, ids, clock, logger })
  const gateway = parts.makeGateway({
    directory,
    record(usage) {
      observe(usage)
      alerts.count(usage)
      parts.record(usage)
    },
    onRefused: (facts) => logger.info(facts, 'the gateway refused something'),
  })

  const vitals = createFleetVitals({ supervisor, usage: parts.processUsage, clock, clientsOf: (serverId) => gateway.clientsOf(serverId) })
  return {
    supervisor,
    gateway,
    canary,
    // Where another instance supervises, its calls end with its run.
    drain: async (serverId, withinMs, signal) =>
      (await supervisor.server(serverId)?.drain(withinMs, signal)) ?? { [Symbol.dispose]: () => undefined },
    figures: vitals.figures,
    desk: createFleetDesk({ gateway, supervisor, vitals, log: engine.log, logs: parts.logs, canary, hash, clock }),
    async run(signal) {
      await Promise.all([supervisor.run(signal), alerts.run(signal)])
    },
    async close() {
      await gateway.close()
      await processes.close()
    },
  }
}
