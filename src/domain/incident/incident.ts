/**
 * The rules of an incident. The healing process tells it what happened; people acknowledge, close, ask for a new analysis, and say what became
 * of an outcome that nobody could prove. While an execution runs, people wait: nothing is left half done.
 */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import { FIRST_STEP } from '../plan/step-names.ts'
import type { ClosingOutcome, DeclaredOutcome, EscalationReason, IncidentEvent, IncidentOrigin, IncidentOutcome } from './events.ts'

export type Incident =
  | Readonly<{ situation: 'absent' }>
  | (Opened & Readonly<{ situation: 'working' }>)
  | (Opened & Readonly<{ situation: 'executing'; executionId: string }>)
  | (Opened & Readonly<{ situation: 'escalated'; reason: EscalationReason }>)
  | (Opened & Readonly<{ situation: 'undetermined'; executionId: string }>)
  | (Opened & Readonly<{ situation: 'ended'; outcome: IncidentOutcome | ClosingOutcome }>)

type Opened = Readonly<{ origin: IncidentOrigin; acknowledgedBy: string | undefined; attaching: Attaching }>
/** How many anomalies were attached; `stopped` once it was told that no more will be. */
type Attaching = Readonly<{ attached: number; stopped: boolean }>

/**
 * The most anomalies that an incident holds besides the one that opened it. A fault that nobody mends is seen hundreds of times a day; what is beyond
 * tells nothing new, and is counted by the fingerprint alone.
 */
export const MAX_ATTACHED = 100

/** What the healing process reports: the event itself, its time given by the process. */
export type IncidentReport = Extract<
  IncidentEvent,
  {
    type:
      | 'AnomalyAttached'
      | 'IncidentInvestigated'
      | 'IncidentDiagnosed'
      | 'PlanProposed'
      | 'IncidentWaits'
      | 'ExecutionStarted'
      | 'StepRun'
      | 'VerificationFinished'
      | 'RollbackStarted'
      | 'RollbackRefused'
      | 'RollbackProven'
      | 'IncidentEscalated'
      | 'OutcomeUndetermined'
      | 'IncidentResolved'
  }
>

export type IncidentCommand =
  | Readonly<{ type: 'OpenIncident'; data: IncidentOrigin & Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'ReportIncident'; data: Readonly<{ report: IncidentReport }> }>
  | Readonly<{ type: 'AcknowledgeIncident'; data: Readonly<{ by: string; now: Instant }> }>
  | Readonly<{ type: 'CloseIncident'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'AbandonIncident'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'RequestReanalysis'; data: Readonly<{ by: string; now: Instant }> }>
  | Readonly<{ type: 'DeclareOutcome'; data: Readonly<{ outcome: DeclaredOutcome; by: string; reason: string; now: Instant }> }>

export const incident: Decider<Incident, IncidentCommand, IncidentEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Incident, event: IncidentEvent): Incident {
  if (event.type === 'IncidentOpened') {
    return state.situation === 'absent'
      ? { situation: 'working', origin: event.data, acknowledgedBy: undefined, attaching: { attached: 0, stopped: false } }
      : state
  }
  if (state.situation === 'absent') return state
  const { origin, acknowledgedBy, attaching } = state
  const opened: Opened = { origin, acknowledgedBy, attaching }
  switch (event.type) {
    case 'IncidentAcknowledged':
      return { ...state, acknowledgedBy: event.data.by }
    case 'ExecutionStarted':
      return { situation: 'executing', ...opened, executionId: event.data.executionId }
    case 'IncidentEscalated':
      return { situation: 'escalated', ...opened, reason: event.data.reason }
    case 'OutcomeUndetermined':
      return { situation: 'undetermined', ...opened, executionId: event.data.executionId }
    case 'OutcomeDeclared':
      return { situation: 'ended', ...opened, outcome: 'declared' }
    case 'ReanalysisRequested':
      return { situation: 'working', ...opened }
    case 'IncidentResolved':
      return { situation: 'ended', ...opened, outcome: event.data.outcome }
    case 'IncidentClosed':
      return { situation: 'ended', ...opened, outcome: event.data.outcome }
    case 'AnomalyAttached':
      return { ...state, attaching: { ...attaching, attached: attaching.attached + 1 } }
    case 'AttachingStopped':
      return { ...state, attaching: { ...attaching, stopped: true } }
    case 'StepRun':
      // A first step that never ran leaves nothing to verify or to undo: whatever comes next is planned anew.
      return event.data.outcome === 'never-ran' && event.data.step === FIRST_STEP ? { situation: 'working', ...opened } : state
    case 'IncidentInvestigated':
    case 'IncidentDiagnosed':
    case 'PlanProposed':
    case 'IncidentWaits':
    case 'VerificationFinished':
    case 'RollbackStarted':
    case 'RollbackRefused':
    case 'RollbackProven':
      return state
    default:
      return unreachable(event)
  }
}

function decide(state: Incident, command: IncidentCommand): Decision<IncidentEvent> {
  if (command.type === 'OpenIncident') {
    const { now, ...origin } = command.data
    return state.situation === 'absent' ? accept({ type: 'IncidentOpened', data: { ...origin, at: now } }) : accept()
  }
  if (state.situation === 'absent') return refuse('incident-not-found')
  const { incidentId } = state.origin
  if (command.type === 'ReportIncident') {
    // A person may have closed it in the meantime: what the process reports afterwards is still a fact, but ends nothing again.
    const { report } = command.data
    if (report.type === 'AnomalyAttached') return attach(state.attaching, report)
    const ends = report.type === 'IncidentResolved' || report.type === 'IncidentEscalated'
    return state.situation === 'ended' && ends ? refuse('incident-ended', { outcome: state.outcome }) : accept(report)
  }
  const { by, now } = command.data
  if (command.type === 'AbandonIncident') {
    // The target is out of the lanes by now, so nothing runs on it any more, whatever was reported last.
    if (state.situation === 'ended') return accept()
    return accept({ type: 'IncidentClosed', data: { incidentId, outcome: 'target-retired', by, reason: command.data.reason, at: now } })
  }
  if (state.situation === 'ended') return refuse('incident-ended', { outcome: state.outcome })
  switch (command.type) {
    case 'AcknowledgeIncident':
      return state.acknowledgedBy === undefined ? accept({ type: 'IncidentAcknowledged', data: { incidentId, by, at: now } }) : accept()
    case 'CloseIncident': {
      if (state.situation === 'executing') return refuse('incident-is-executing', { executionId: state.executionId })
      if (state.situation === 'undetermined') return refuse('outcome-not-declared', { executionId: state.executionId })
      return accept({ type: 'IncidentClosed', data: { incidentId, outcome: 'closed', by, reason: command.data.reason, at: now } })
    }
    case 'RequestReanalysis': {
      if (state.situation === 'executing') return refuse('incident-is-executing', { executionId: state.executionId })
      if (state.situation === 'undetermined') return refuse('outcome-not-declared', { executionId: state.executionId })
      return accept({ type: 'ReanalysisRequested', data: { incidentId, by, at: now } })
    }
    case 'DeclareOutcome': {
      if (state.situation !== 'undetermined') return refuse('outcome-not-undetermined', { situation: state.situation })
      const { outcome, reason } = command.data
      return accept({ type: 'OutcomeDeclared', data: { incidentId, outcome, by, reason, at: now } })
    }
    default:
      return unreachable(command)
  }
}

/** Says once that it attaches no more. */
function attach({ attached, stopped }: Attaching, report: Extract<IncidentReport, { type: 'AnomalyAttached' }>): Decision<IncidentEvent> {
  if (attached < MAX_ATTACHED) return accept(report)
  if (stopped) return accept()
  const { incidentId, at } = report.data
  return accept({ type: 'AttachingStopped', data: { incidentId, attached, at } })
}
