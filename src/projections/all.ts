/** Every read model there is. */
import { anomalies } from './anomalies.ts'
import { apiKeys } from './api-keys.ts'
import { approvals } from './approvals.ts'
import { commands } from './commands.ts'
import { dueTimers } from './due-timers.ts'
import { eventIndex } from './event-index.ts'
import { fingerprints } from './fingerprints.ts'
import { healingSwitch } from './healing-switch.ts'
import { hosts } from './hosts.ts'
import { incidentTimeline } from './incident-timeline.ts'
import { incidents } from './incidents.ts'
import { openCommands } from './open-commands.ts'
import { openEffects } from './open-effects.ts'
import { operations } from './operations.ts'
import { parkedInstances } from './parked-instances.ts'
import { remedyGuards } from './remedy-guards.ts'
import { serverRuns } from './server-runs.ts'
import { serverTools } from './server-tools.ts'
import { servers } from './servers.ts'
import { targets } from './targets.ts'
import { toolCalls } from './tool-calls.ts'
import { toolUsage } from './tool-usage.ts'
import { usageLosses } from './usage-losses.ts'

export const allProjections = [
  hosts,
  targets,
  anomalies,
  incidents,
  incidentTimeline,
  approvals,
  commands,
  operations,
  apiKeys,
  eventIndex,
  openEffects,
  dueTimers,
  openCommands,
  parkedInstances,
  healingSwitch,
  remedyGuards,
  fingerprints,
  servers,
  serverTools,
  serverRuns,
  toolUsage,
  toolCalls,
  usageLosses,
] as const

export type AnyProjection = (typeof allProjections)[number]
export type ProjectionName = AnyProjection['name']
