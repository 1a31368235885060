/**
 * Where the healing of one incident stands. Each phase waits for exactly one named thing - an effect, a timer, the lanes, a person - so an
 * incident can never be lost between two steps.
 */
import type { EventOf } from '../../events.ts'
import type { Authority, EscalationReason, Evidence, IncidentOrigin, IncidentOutcome, WaitReason } from '../../incident/events.ts'
import type { Instant } from '../../instant.ts'
import type { Plan } from '../../plan/plan.ts'
import type { ChosenRemedy, ConfirmedRemedy, NamedStep, Restorable, StateVector } from '../effects.ts'

export const healingInputs = [
  'IncidentOpened',
  'ReanalysisRequested',
  'IncidentClosed',
  'OutcomeDeclared',
  'ApprovalGranted',
  'ApprovalRejected',
  'ApprovalRevoked',
  'ApprovalExpired',
  'ApprovalUsed',
  'LanesAcquired',
  'LanesQueued',
  'LanesOffered',
  'HealingOffered',
  'EffectSucceeded',
  'EffectFailed',
  'EffectOutcomeUnknown',
  'TimeoutElapsed',
  'CommandRefused',
] as const
export type HealingInputType = (typeof healingInputs)[number]
export type HealingInput = EventOf<HealingInputType>

export type Healing =
  | Readonly<{ phase: 'absent' }>
  | (Case & AwaitsEffect & Readonly<{ phase: 'investigating'; chosen: ChosenRemedy | null }>)
  /** It cannot go on now: the host cannot be seen, has had enough for this hour, or healing is stopped. Tries again when the timer is due. */
  | (Case & AwaitsTimer & Readonly<{ phase: 'waiting'; until: WaitReason; waitMs: number; next: Next }>)
  | (Case & AwaitsEffect & Readonly<{ phase: 'analysing'; attempt: number }>)
  | (Case & AwaitsTimer & Readonly<{ phase: 'analyst-busy'; attempt: number; waitMs: number }>)
  | (Case & AwaitsEffect & Readonly<{ phase: 'drafting'; remedy: ConfirmedRemedy; approved: Approved | null }>)
  | (Planned & AwaitsTimer & Readonly<{ phase: 'asking'; approvalId: string; approversNeeded: 1 | 2; expiring: boolean }>)
  | (Planned & Granted & Readonly<{ phase: 'queueing' }>)
  | (Planned & Granted & Readonly<{ phase: 'queued' }>)
  | (Planned & Granted & Readonly<{ phase: 'redeeming'; approvalId: string }>)
  | (Planned & Granted & AwaitsEffect & Readonly<{ phase: 'preparing' }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'running'; index: number }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'settling' }> & Unsettled)
  /** It runs, or the host that could tell is not `reached`. */
  | (Executing & AwaitsTimer & Readonly<{ phase: 'still-running'; reached: boolean }> & Unsettled)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'verifying'; attempt: number }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'verifying-later'; attempt: number }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'rebaselining' }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'rolling-back'; index: number; attempt: number }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'rolling-back-later'; index: number; attempt: number }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'proving'; attempt: number }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'proving-later'; attempt: number }>)
  /** Nobody can prove what happened: the target is frozen until a person says which it was. */
  | (Executing & Readonly<{ phase: 'undetermined'; says: string }>)
  /** Automation has ended; a person is needed. */
  | (Case & Readonly<{ phase: 'escalated'; reason: EscalationReason; says: string; after: After }>)
  | (Case & Readonly<{ phase: 'ended'; outcome: IncidentOutcome | 'closed'; says: string; after: After }>)

export type Case = Readonly<{
  origin: IncidentOrigin
  evidence: readonly Evidence[]
  /** Grows with everything asked for, and makes the ids of effects and timers. */
  turn: number
  setbacks: Setbacks
  /** What is given back on coming into this state. */
  leaving: Leaving
}>
/** How often it could not go on since a person last looked: makes the waits longer, and bounds them. */
export type Setbacks = Readonly<{ drifts: number; unseen: number; heldBack: number }>
export type Leaving = Readonly<{ executionId?: string; approvalId?: string }>
/** What is done when the wait is over. */
export type Next =
  | Readonly<{ kind: 'investigate'; chosen: ChosenRemedy | null }>
  | Readonly<{ kind: 'draft'; remedy: ConfirmedRemedy; approved: Approved | null }>
type AwaitsEffect = Readonly<{ effectId: string }>
type AwaitsTimer = Readonly<{ timerId: string }>

/** A grant that was not used yet: it still holds if planning again gives the same plan. */
export type Approved = Readonly<{ approvalId: string; planHash: string }>

export type Planned = Case & Readonly<{ remedy: ConfirmedRemedy; plan: Plan; authority: Authority; actionsPerHostPerHour: number }>
export type Granted = Readonly<{ executionId: string; approved: Approved | null }>
export type Executing = Planned &
  Granted &
  Readonly<{
    steps: readonly NamedStep[]
    rollback: readonly NamedStep[]
    before: StateVector
    meant: Restorable
    /** As the last step that is known to have ended left it; null until then. */
    seen: Restorable | null
    /** When Steward last saw it so. */
    seenAt: Instant
    /** Why it goes back to the earlier state; null while it goes forward. */
    because: string | null
  }>
export type StepList = 'fix' | 'rollback'
/** A step whose outcome the host is asked for; `asked` counts the answers that told nothing. */
type Unsettled = Readonly<{ list: StepList; index: number; attempt: number; asked: number }>

/** What the end of automation leaves to tidy up. */
export type After = Leaving &
  Readonly<{
    plan?: Plan
    /** An execution ran: its fix worked, or failed. */
    fix?: 'worked' | 'failed'
    freeze?: true
    rolledBack?: true
  }>

/** How often something that cannot be seen is looked at again before a person is called, and how long between. */
export const LOOK_AGAIN = { attempts: 6, firstMs: 2_000, factor: 2 } as const
/** About an hour: long enough for a host to come back, and no longer than a person would want to be left in the dark. */
export const SETTLE_AGAIN = { attempts: 60, firstMs: 2_000, factor: 2, longestMs: 60_000 } as const
/** Without an end: what holds it back is known, and a person or the hour ends it. */
export const HELD_BACK = { firstMs: 15_000, factor: 2, longestMs: 300_000 } as const
export const MAX_DRIFTS = 3
/**
 * A rollback that begins later than this after the stabilisation window comes late: Steward or the host was away in between, and people mend things
 * by hand in that time.
 */
export const LATE_AFTER_MS = 120_000
export const ANALYST_ATTEMPTS = 3
/** An analyst that asks for more time than this is not waited for: a person should not be left in the dark by somebody else's limits. */
export const ANALYST_PATIENCE_MS = 3_600_000

export const lookAgainMs = (attempt: number): number => LOOK_AGAIN.firstMs * LOOK_AGAIN.factor ** (attempt - 1)
export const settleAgainMs = (attempt: number): number => growing(SETTLE_AGAIN, attempt)
export const heldBackMs = (attempt: number): number => growing(HELD_BACK, attempt)

const growing = ({ firstMs, factor, longestMs }: { firstMs: number; factor: number; longestMs: number }, attempt: number): number =>
  Math.min(firstMs * factor ** (attempt - 1), longestMs)
