/** Which events tell the story of an incident, and of which one. The incident's own events are listed here once, for its row and for its timeline. */
import type { EventOf, EventType, Recorded } from '../domain/events.ts'
import type { IncidentEvent } from '../domain/incident/events.ts'

export const incidentTypes = [
  'IncidentOpened',
  'AnomalyAttached',
  'AttachingStopped',
  'IncidentAcknowledged',
  'IncidentInvestigated',
  'IncidentDiagnosed',
  'PlanProposed',
  'IncidentWaits',
  'ExecutionStarted',
  'StepRun',
  'VerificationFinished',
  'RollbackStarted',
  'RollbackRefused',
  'RollbackProven',
  'IncidentEscalated',
  'OutcomeUndetermined',
  'OutcomeDeclared',
  'ReanalysisRequested',
  'IncidentResolved',
  'IncidentClosed',
] as const satisfies readonly IncidentEvent['type'][]

/** With what others did for it: its approvals, its lanes, its process, and what its fix left behind. */
export const storyTypes = [
  ...incidentTypes,
  'ApprovalRequested',
  'ApprovalGranted',
  'ApprovalRejected',
  'ApprovalRevoked',
  'ApprovalExpired',
  'ApprovalUsed',
  'LanesAcquired',
  'LanesQueued',
  'LanesReleased',
  'LanesOffered',
  'HealingOffered',
  'EffectRequested',
  'EffectStarted',
  'EffectSucceeded',
  'EffectFailed',
  'EffectOutcomeUnknown',
  'TimeoutScheduled',
  'TimeoutElapsed',
  'TimeoutCancelled',
  'CommandRefused',
  'InstanceParked',
  'InstanceUnparked',
  'TargetFrozen',
  'FixFailed',
  'FixWorked',
  'RemedyFailed',
  'RemedyApplied',
] as const satisfies readonly EventType[]

export type StoryEvent = Recorded<EventOf<(typeof storyTypes)[number]>>

/** An instance of the healing process is an incident; its effects and timers belong to it. */
export function incidentOf({ data }: StoryEvent): string | undefined {
  if ('process' in data) return data.process === 'healing' ? data.instance : undefined
  return data.incidentId
}
