/**
 * Where the healing of the one incident may stand: what has happened until then, each history going on where another one ended. A situation is
 * named for the phase that it has come to.
 */
import { healing } from '../../../../src/domain/processes/healing/healing.ts'
import type { HealingInput } from '../../../../src/domain/processes/healing/state.ts'
import { specifyProcess } from '../../../support/specify-process.ts'
import {
  byPerson,
  byPolicy,
  compensable,
  confirmed,
  doesNotHold,
  drafted,
  fix1,
  fix2,
  granted,
  holds,
  INCIDENT,
  lanesAcquired,
  lanesOffered,
  lanesQueued,
  lost,
  opened,
  preparedWith,
  restore1,
  restore2,
  stepEnded,
  unrecognised,
  used,
} from './incident.ts'

type Situation = readonly HealingInput[]

export const spec = specifyProcess(healing, INCIDENT)

/** No rule of the catalogue knows it: the analyst is asked. */
export const analysing: Situation = [opened, unrecognised]
/** Confirmed: the plan comes as effect 2. */
export const drafting: Situation = [opened, confirmed()]

/** A person is asked. */
export const APPROVAL = 'approval HASH 2'
export const asking: Situation = [...drafting, drafted(2, byPerson)]
/** The person agreed; lanes are asked for. */
export const APPROVED_EXECUTION = 'execution HASH 3'
export const queueing: Situation = [...asking, granted(APPROVAL)]
/** Another holds them. */
export const queued: Situation = [...queueing, lanesQueued(APPROVED_EXECUTION)]
/** Its turn has come after it had waited for its lanes: it plans again, as effect 4. */
export const draftingAgain: Situation = [...queued, lanesOffered(APPROVED_EXECUTION)]
/** It holds its lanes; the approval is about to be used. */
export const redeeming: Situation = [...queueing, lanesAcquired(APPROVED_EXECUTION)]
/** The approval is used: the last look comes as effect 4. */
export const preparing: Situation = [...redeeming, used(APPROVAL, APPROVED_EXECUTION)]

/** The policy allows it, and nobody is asked. */
export const EXECUTION = 'execution HASH 2'
export const queueingByPolicy: Situation = [...drafting, drafted(2)]
/** The last look comes as effect 3. */
export const preparingByPolicy: Situation = [...queueingByPolicy, lanesAcquired(EXECUTION)]
/** The first step runs as effect 4. */
export const running: Situation = [...preparingByPolicy, preparedWith(3)]
/** Nobody knows what became of it: the host is asked as effect 5. */
export const settling: Situation = [...running, lost(4)]
export const runningSecondStep: Situation = [...running, stepEnded(4, EXECUTION, fix1)]
export const verifying: Situation = [...runningSecondStep, stepEnded(5, EXECUTION, fix2)]
/** The cure was proven. */
export const rebaselining: Situation = [...verifying, holds(6)]
/** It was not: the first step back runs as effect 7. */
export const rollingBack: Situation = [...verifying, doesNotHold(6)]
export const CAUSE = 'the cure could not be proven: still full'
export const rollingBackSecondStep: Situation = [...rollingBack, stepEnded(7, EXECUTION, restore1)]
/** Whether the earlier state is back is seen as effect 9. */
export const proving: Situation = [...rollingBackSecondStep, stepEnded(8, EXECUTION, restore2)]

/** The same with an action that has no way back. */
export const preparingForGood: Situation = [...drafting, drafted(2, byPolicy, compensable), lanesAcquired(EXECUTION)]
export const runningForGood: Situation = [...preparingForGood, preparedWith(3, [])]
export const verifyingForGood: Situation = [...runningForGood, stepEnded(4, EXECUTION, fix1), stepEnded(5, EXECUTION, fix2)]
