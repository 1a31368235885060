/** The story of each incident: one row per event that belongs to it, with one sentence for a person (`timeline-text.ts`). */
import type { EventOf, EventType, Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import { defineProjection } from './projection.ts'
import { sentence } from './timeline-text.ts'

export type TimelineRow = Readonly<{
  position: bigint
  incidentId: string
  at: Instant
  type: string
  /** What happened, in one sentence. */
  text: string
  actor: string
  eventId: string
}>

const timelineTypes = [
  'IncidentOpened',
  'AnomalyAttached',
  'IncidentAcknowledged',
  'IncidentInvestigated',
  'IncidentDiagnosed',
  'PlanProposed',
  'IncidentWaits',
  'ExecutionStarted',
  'StepRun',
  'VerificationFinished',
  'RollbackStarted',
  'RollbackProven',
  'IncidentEscalated',
  'OutcomeUndetermined',
  'OutcomeDeclared',
  'ReanalysisRequested',
  'IncidentResolved',
  'IncidentClosed',
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

export type TimelineEvent = Recorded<EventOf<(typeof timelineTypes)[number]>>

export const incidentTimeline = defineProjection({
  name: 'incident-timeline',
  version: 1,
  table: 'incident_timeline',
  columns: { position: 'bigint', incidentId: 'text', at: 'timestamptz', type: 'text', text: 'text', actor: 'text', eventId: 'text' },
  primaryKey: 'position',
  nullable: [],
  indexes: [{ columns: ['incidentId', 'position'] }],
  eventTypes: timelineTypes,
  appendOnly: true,
  keys: (event) => (incidentOf(event) === undefined ? [] : [event.position]),
  fold(_row: TimelineRow | undefined, event): TimelineRow | 'none' {
    const incidentId = incidentOf(event)
    if (incidentId === undefined) return 'none'
    const { position, recordedAt, type, metadata } = event
    return { position, incidentId, at: recordedAt, type, text: sentence(event), actor: metadata.actor, eventId: metadata.eventId }
  },
})

/** An instance of the healing process is an incident; its effects and timers belong to it. */
function incidentOf({ data }: TimelineEvent): string | undefined {
  if ('process' in data) return data.process === 'healing' ? data.instance : undefined
  return data.incidentId
}
