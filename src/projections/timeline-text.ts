/** One sentence per event of an incident's story. Text from outside is quoted as it was recorded; every sink makes it harmless for itself. */
import { unreachable } from '../domain/decider.ts'
import type { EventOf } from '../domain/events.ts'
import type { Authority, EscalationReason, ForeignChange, IncidentOutcome, Investigation, WaitReason } from '../domain/incident/events.ts'
import type { EffectKind } from '../domain/processes/effects.ts'
import type { StoryEvent } from './incident-story.ts'

export function sentence(event: StoryEvent): string {
  switch (event.type) {
    case 'IncidentOpened':
      return `Opened: ${event.data.title} (${event.data.severity}), seen on target ${event.data.targetId}.`
    case 'AnomalyAttached':
      return `Seen again: anomaly ${event.data.anomalyId} was added.`
    case 'AttachingStopped':
      return `${count(event.data.attached, 'anomaly', 'anomalies')} were added; from here on the fingerprint alone counts how often it is seen.`
    case 'IncidentAcknowledged':
      return `${event.data.by} acknowledged the incident.`
    case 'IncidentInvestigated':
      return `${findings[event.data.result]} (${count(event.data.evidence.length, 'piece')} of evidence).`
    case 'IncidentDiagnosed': {
      const { by, text, confidence, actionId } = event.data
      return by === 'catalogue'
        ? `Diagnosis of the catalogue: ${text.text}`
        : `Diagnosis of the analyst (${percent(confidence)} sure, proposes ${actionId ?? 'nothing'}): ${text.text}`
    }
    case 'PlanProposed': {
      const { plan, authority } = event.data
      return `Plan ${short(plan.planHash)}: ${plan.title}, risk ${plan.risk}; ${authorityText(authority)}.`
    }
    case 'IncidentWaits': {
      const { for: reason, until } = event.data
      return `Waits ${waits[reason]}${until === undefined ? '' : `, at most until ${until}`}.`
    }
    case 'ExecutionStarted':
      return `Execution ${event.data.executionId} of plan ${short(event.data.planHash)} began; ${authorityText(event.data.authority)}.`
    case 'StepRun':
      return stepText(event.data)
    case 'VerificationFinished':
      return event.data.holds ? `Verified: ${event.data.says}` : `Not cured: ${event.data.says}`
    case 'RollbackStarted':
      return `Rolling back, because ${event.data.because}`
    case 'RollbackRefused':
      return `Not rolled back, somebody else has changed it since: ${event.data.changes.map(foreignText).join('; ')}.`
    case 'RollbackProven':
      return 'Rolled back: the state before the action is back, and no probe is worse than before.'
    case 'IncidentEscalated':
      return `Needs a person (${escalations[event.data.reason]}): ${event.data.says}`
    case 'OutcomeUndetermined':
      return `Nobody can prove what happened: ${event.data.says}`
    case 'OutcomeDeclared': {
      const { by, outcome, reason } = event.data
      return `${by} declared the action ${outcome === 'done' ? 'done' : 'not done'}: ${reason}`
    }
    case 'ReanalysisRequested':
      return `${event.data.by} asked for a new analysis.`
    case 'IncidentResolved':
      return `${outcomes[event.data.outcome]}: ${event.data.says}`
    case 'IncidentClosed':
      return `${event.data.by} closed the incident: ${event.data.reason}`
    case 'ApprovalRequested': {
      const { planHash, approversNeeded, expiresAt } = event.data
      return `Asked ${count(approversNeeded, 'person', 'people')} to approve plan ${short(planHash)}, until ${expiresAt}.`
    }
    case 'ApprovalGranted':
      return `${event.data.by} (${event.data.owner}) approved the plan${event.data.complete ? '' : '; one more person is needed'}.`
    case 'ApprovalRejected':
      return `${event.data.by} rejected the plan: ${event.data.reason}`
    case 'ApprovalRevoked':
      return `${event.data.by} revoked the approval: ${event.data.reason}`
    case 'ApprovalExpired':
      return 'The approval expired unused.'
    case 'ApprovalUsed':
      return `The approval was used by execution ${event.data.executionId}.`
    case 'LanesAcquired':
      return `Holds ${event.data.resources.join(', ')}.`
    case 'LanesQueued':
      return `Queued behind incident ${event.data.heldBy}, which holds a resource that this plan touches.`
    case 'LanesReleased':
      return 'Gave its resources back.'
    case 'LanesOffered':
      return 'Its turn has come: the resources it waited for are free.'
    case 'HealingOffered':
      return 'Healing was resumed: it goes on.'
    case 'EffectRequested':
      return `To be done: ${effects[event.data.request.kind]}.`
    case 'EffectStarted': {
      const { kind, attempt, deadlineAt } = event.data
      return `Began to ${effects[kind]}${attempt > 1 ? ` (attempt ${attempt})` : ''}, deadline ${deadlineAt}.`
    }
    case 'EffectSucceeded':
      return `Came back from: ${effects[event.data.kind]}${resultText(event.data)}.`
    case 'EffectFailed':
      return `Could not ${effects[event.data.kind]} (${event.data.rule}): ${event.data.says.text}`
    case 'EffectOutcomeUnknown':
      return `Whether it could ${effects[event.data.kind]} is not known: ${event.data.says.text}`
    case 'TimeoutScheduled':
      return `Timer "${event.data.name}" set for ${event.data.dueAt}.`
    case 'TimeoutElapsed':
      return `Timer "${event.data.name}" elapsed.`
    case 'TimeoutCancelled':
      return `Timer "${event.data.name}" cancelled.`
    case 'CommandRefused':
      return `Refused: ${event.data.command} (${event.data.rule}).`
    case 'InstanceParked':
      return `The healing of this incident is parked: ${event.data.cause.text}`
    case 'InstanceUnparked':
      return `${event.data.by} let the healing go on (${event.data.way}): ${event.data.reason}`
    case 'TargetFrozen':
      return `Target ${event.data.targetId} is frozen: ${event.data.reason}`
    case 'FixFailed':
      return `The fix failed; it counts against fingerprint ${event.data.fingerprintId}.`
    case 'FixWorked':
      return 'The fix worked.'
    case 'RemedyFailed':
      return `Action ${event.data.actionId} failed on host ${event.data.hostId}; it runs on no other host by itself.`
    case 'RemedyApplied':
      return `Action ${event.data.actionId} was applied to target ${event.data.targetId}.`
    default:
      return unreachable(event)
  }
}

const findings: Readonly<Record<Investigation['result'], string>> = {
  confirmed: 'Confirmed on the host',
  'not-confirmed': 'Not confirmed: the host does not have this fault',
  recovered: 'It was there, and the supervisor has the server running again',
  'held-back': 'The supervisor is at work on the server',
  unknown: 'The host could not be judged',
  'report-only': 'Confirmed, but there is no remedy in the catalogue',
  unrecognised: 'No fault of the catalogue fits',
}

const waits: Readonly<Record<WaitReason, string>> = {
  approval: 'for an approval',
  lanes: 'for resources that another execution holds',
  step: 'for a step that still runs on the host',
  supervisor: 'for the supervisor, which starts the server again',
  'healing-stopped': 'because healing is stopped',
  visibility: 'until the host can be looked at again',
  'host-budget': 'because the host had enough actions in this hour',
  analyst: 'for the analyst',
  unfreeze: 'until the target is unfrozen',
}

const escalations: Readonly<Record<EscalationReason, string>> = {
  'no-remedy': 'no remedy',
  'no-analyst': 'no analyst is configured',
  'analyst-failed': 'the analyst failed',
  'report-only': 'report only',
  'observe-mode': 'the target is only observed',
  'cannot-see': 'the host cannot be seen',
  'approval-rejected': 'the approval was rejected',
  'approval-expired': 'the approval expired',
  'approval-revoked': 'the approval was revoked',
  'plan-drifted': 'the plan kept changing',
  'fix-failed-rolled-back': 'the fix failed and was rolled back',
  'fix-failed': 'the fix failed',
  'rollback-failed': 'the rollback failed',
  'changed-by-others': 'the fix failed, and somebody else has changed the same since',
  'outcome-unknown': 'the outcome is unknown',
  'target-frozen': 'the target is frozen',
  'missing-right': 'a right is missing',
  'not-executed': 'the plan was not executed',
}

const outcomes: Readonly<Record<IncidentOutcome, string>> = {
  fixed: 'Fixed and verified',
  'not-confirmed': 'Ended, not confirmed',
  recovered: 'Ended, the service recovered',
  declared: 'Ended, as a person declared',
}

/** As the end of "to ...". */
const effects: Readonly<Record<EffectKind, string>> = {
  'clean-up': 'drop what is past its time',
  survey: 'look at the target',
  investigate: 'probe the host',
  analyse: 'ask the analyst',
  draft: 'draft a plan',
  prepare: 'take the snapshot',
  'run-step': 'run a step',
  settle: 'find out what became of a step',
  verify: 'verify the cure',
  prove: 'prove the rollback',
}

function stepText({ step, say, outcome, exitCode, says }: EventOf<'StepRun'>['data']): string {
  const detail = says === undefined || says.text === '' ? '' : `: ${says.text}`
  switch (outcome) {
    case 'done':
      return `Step ${step} done: ${say}.`
    case 'failed':
      return `Step ${step} failed with exit code ${exitCode ?? 'unknown'} (${say})${detail}`
    case 'unknown':
      return `The outcome of step ${step} is not known (${say})${detail}`
    case 'never-ran':
      return `Step ${step} never ran (${say})${detail}`
    default:
      return unreachable(outcome)
  }
}

const foreignText = ({ what, before, left, now }: ForeignChange): string =>
  `${what} was ${before} before the action, ${left} after it, and is ${now} now`

function resultText({ kind, result }: EventOf<'EffectSucceeded'>['data']): string {
  if (kind === 'run-step' && result.kind === 'ended') return `, ${result.ran.step}, exit code ${result.exitCode}`
  return `, ${result.kind}`
}

function authorityText(authority: Authority): string {
  switch (authority.kind) {
    case 'policy':
      return `allowed by policy (${authority.rule})`
    case 'person':
      return authority.because.length === 0 ? 'needs a person' : `needs a person: ${authority.because.join('; ')}`
    case 'observe-only':
      return 'shown only, the target is observed'
    default:
      return unreachable(authority)
  }
}

const short = (planHash: string): string => planHash.slice(0, 12)
const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
