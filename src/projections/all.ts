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
import { targets } from './targets.ts'

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
] as const

export type AnyProjection = (typeof allProjections)[number]
export type ProjectionName = AnyProjection['name']
