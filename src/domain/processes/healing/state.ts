/**
 * Where the healing of one incident stands. Each phase waits for exactly one named thing - an effect, a timer, the lanes, a person - so an
 * incident can never be lost between two steps.
 */
import type { EventOf } from '../../events.ts'
import type { Authority, EscalationReason, Evidence, IncidentOrigin, IncidentOutcome } from '../../incident/events.ts'
import type { Plan } from '../../plan/plan.ts'
import type { ChosenRemedy, ConfirmedRemedy, NamedStep, StateVector } from '../effects.ts'

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
  | (Case & AwaitsEffect & Readonly<{ phase: 'investigating'; attempt: number; chosen: ChosenRemedy | null }>)
  /** The host cannot be seen now: looks again when the timer is due. */
  | (Case & AwaitsTimer & Readonly<{ phase: 'blind'; attempt: number; chosen: ChosenRemedy | null; reason: string }>)
  | (Case & AwaitsEffect & Readonly<{ phase: 'analysing'; attempt: number }>)
  | (Case & AwaitsTimer & Readonly<{ phase: 'analyst-busy'; attempt: number; waitMs: number }>)
  /** `leaving`: the execution whose lanes are given back, because its plan no longer fits. */
  | (Case & AwaitsEffect & Readonly<{ phase: 'drafting'; remedy: ConfirmedRemedy; approved: Approved | null; leaving: string | null }>)
  | (Planned & AwaitsTimer & Readonly<{ phase: 'asking'; approvalId: string; approversNeeded: 1 | 2; expiring: boolean }>)
  | (Planned & Granted & Readonly<{ phase: 'queueing' }>)
  | (Planned & Granted & Readonly<{ phase: 'queued' }>)
  | (Planned &
      Granted &
      AwaitsTimer &
      Readonly<{ phase: 'held-back'; because: 'host-budget' | 'healing-stopped' | 'cannot-see'; waitMs: number }>)
  | (Planned & Granted & Readonly<{ phase: 'redeeming'; approvalId: string }>)
  | (Planned & Granted & AwaitsEffect & Readonly<{ phase: 'preparing' }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'running'; index: number }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'settling'; list: StepList; index: number; attempt: number }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'still-running'; list: StepList; index: number; attempt: number }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'verifying'; attempt: number }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'verifying-later'; attempt: number }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'rebaselining' }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'rolling-back'; index: number; attempt: number; because: string }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'rolling-back-later'; index: number; attempt: number; because: string }>)
  | (Executing & AwaitsEffect & Readonly<{ phase: 'proving'; attempt: number; because: string }>)
  | (Executing & AwaitsTimer & Readonly<{ phase: 'proving-later'; attempt: number; because: string }>)
  /** Nobody can prove what happened: the target is frozen until a person says which it was. */
  | (Executing & Readonly<{ phase: 'undetermined'; says: string }>)
  /** Automation has ended; a person is needed. */
  | (Case & Readonly<{ phase: 'escalated'; reason: EscalationReason; says: string; after: After }>)
  | (Case & Readonly<{ phase: 'ended'; outcome: IncidentOutcome | 'closed'; says: string; after: After }>)

/** `turn` grows with everything asked for, and makes the ids of effects and timers. */
export type Case = Readonly<{ origin: IncidentOrigin; evidence: readonly Evidence[]; turn: number; drifts: number }>
type AwaitsEffect = Readonly<{ effectId: string }>
type AwaitsTimer = Readonly<{ timerId: string }>

/** A grant that was not used yet: it still holds if planning again gives the same plan. */
export type Approved = Readonly<{ approvalId: string; planHash: string }>

export type Planned = Case & Readonly<{ remedy: ConfirmedRemedy; plan: Plan; authority: Authority; actionsPerHostPerHour: number }>
export type Granted = Readonly<{ executionId: string; approved: Approved | null }>
export type Executing = Planned &
  Granted &
  Readonly<{ steps: readonly NamedStep[]; rollback: readonly NamedStep[]; before: StateVector; doubt: boolean }>
export type StepList = 'fix' | 'rollback'

/** What the end of automation leaves to tidy up. */
export type After = Readonly<{
  executionId?: string
  approvalId?: string
  plan?: Plan
  /** An execution ran: its fix worked, or failed. */
  fix?: 'worked' | 'failed'
  freeze?: true
  rolledBack?: true
}>

/** How often something that cannot be seen is looked at again before a person is called, and how long between. */
export const LOOK_AGAIN = { attempts: 6, firstMs: 2_000, factor: 2 } as const
export const SETTLE_AGAIN_MS = 2_000
export const HELD_BACK_MS = 15_000
export const MAX_DRIFTS = 3
export const ANALYST_ATTEMPTS = 3

export const lookAgainMs = (attempt: number): number => LOOK_AGAIN.firstMs * LOOK_AGAIN.factor ** (attempt - 1)
