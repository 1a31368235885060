/**
 * How an execution moves on: step by step, then verification; when anything fails, back to the recorded state, and the proof of it.
 * An unknown outcome is settled by the mark on the host, then by probes; what neither can prove waits for a person.
 */
import { unreachable } from '../../decider.ts'
import type { ForeignChange } from '../../incident/events.ts'
import type { DerivedId } from '../process-manager.ts'
import { elapsed, failureOf, resultOf } from './awaited.ts'
import { type Executing, type Healing, type HealingInput, LOOK_AGAIN, SETTLE_AGAIN } from './state.ts'
import { end, escalate, planOf, tryAgainWhenSeen, withEffect, withTimer } from './transitions.ts'

type ExecutionPhase =
  | 'running'
  | 'settling'
  | 'still-running'
  | 'verifying'
  | 'verifying-later'
  | 'rebaselining'
  | 'rolling-back'
  | 'rolling-back-later'
  | 'proving'
  | 'proving-later'
  | 'undetermined'
type Phase<Name extends ExecutionPhase> = Extract<Healing, { phase: Name }>

export function evolveExecution(state: Phase<ExecutionPhase>, input: HealingInput, derivedId: DerivedId): Healing {
  switch (state.phase) {
    case 'running':
      return stepRun(state, input, derivedId)
    case 'settling':
      return settled(state, input, derivedId)
    case 'still-running': {
      const { list, index, attempt, asked } = state
      return elapsed(state, input) ? withEffect({ ...execution(state), phase: 'settling', list, index, attempt, asked }, derivedId) : state
    }
    case 'verifying':
      return verified(state, input, derivedId)
    case 'verifying-later':
      return elapsed(state, input) ? withEffect({ ...execution(state), phase: 'verifying', attempt: state.attempt + 1 }, derivedId) : state
    case 'rebaselining':
      return resultOf('survey', state, input) || failureOf(state, input) !== undefined
        ? end(state, 'fixed', 'The cure was proven.', { executionId: state.executionId, plan: state.plan, fix: 'worked' })
        : state
    case 'rolling-back':
      return restored(state, input, derivedId)
    case 'rolling-back-later': {
      const { index, attempt } = state
      return elapsed(state, input)
        ? withEffect({ ...execution(state), phase: 'rolling-back', index, attempt: attempt + 1 }, derivedId)
        : state
    }
    case 'proving':
      return proven(state, input, derivedId)
    case 'proving-later':
      return elapsed(state, input) ? withEffect({ ...execution(state), phase: 'proving', attempt: state.attempt + 1 }, derivedId) : state
    case 'undetermined':
      return input.type === 'OutcomeDeclared'
        ? end(state, 'declared', `${input.data.by} declared it ${input.data.outcome}: ${input.data.reason}`, {
            executionId: state.executionId,
            plan: state.plan,
            fix: input.data.outcome === 'done' ? 'worked' : 'failed',
          })
        : state
    default:
      return unreachable(state)
  }
}

function stepRun(state: Phase<'running'>, input: HealingInput, derivedId: DerivedId): Healing {
  if (failureOf(state, input) !== undefined) {
    return withEffect({ ...execution(state), phase: 'settling', list: 'fix', index: state.index, attempt: 1, asked: 0 }, derivedId)
  }
  const result = resultOf('run-step', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'ended':
      return stepEnded({ ...state, seen: result.left ?? state.seen, seenAt: input.data.at }, result.exitCode, derivedId)
    case 'never-ran':
      return stepNeverRan(state, result.reason, derivedId)
    case 'changed-by-others':
      // Only a restore looks for that; a fix has the last look under the lock.
      return stepNeverRan(state, 'somebody else has changed what it changes', derivedId)
    default:
      return unreachable(result)
  }
}

function stepEnded(state: Executing & Readonly<{ index: number }>, exitCode: number, derivedId: DerivedId): Healing {
  if (exitCode !== 0) return fail(state, `step ${state.index + 1} ended with exit code ${exitCode}`, derivedId)
  const index = state.index + 1
  return index < state.steps.length
    ? withEffect({ ...execution(state), phase: 'running', index }, derivedId)
    : withEffect({ ...execution(state), phase: 'verifying', attempt: 1 }, derivedId)
}

function stepNeverRan(state: Executing & Readonly<{ index: number }>, reason: string, derivedId: DerivedId): Healing {
  if (state.index > 0) return fail(state, `step ${state.index + 1} never ran: ${reason}`, derivedId)
  // The host is as it was, so all begins anew with a plan. The approval was used for this execution: another one needs another.
  const { remedy, executionId, plan } = state
  return tryAgainWhenSeen(state, { kind: 'draft', remedy, approved: null }, `Nothing was done: ${reason}`, { executionId, plan }, derivedId)
}

function settled(state: Phase<'settling'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  const result = failed === undefined ? resultOf('settle', state, input) : ({ kind: 'unreached', reason: failed } as const)
  if (!result) return state
  const { list, index, attempt } = state
  const asked = state.asked + 1
  switch (result.kind) {
    case 'void':
      return list === 'fix'
        ? stepNeverRan(state, 'the host has no mark of it', derivedId)
        : tryRestoreAgain(state, index, attempt, 'the earlier attempt never ran', derivedId)
    case 'ended':
      return list === 'fix' ? stepEnded(state, result.exitCode, derivedId) : restoreEnded(state, index, result.exitCode, derivedId)
    case 'running':
    case 'unreached':
      if (asked >= SETTLE_AGAIN.attempts) {
        return undetermined(state, result.kind === 'unreached' ? result.reason : 'the host says that the step is still running')
      }
      return withTimer(
        { ...execution(state), phase: 'still-running', list, index, attempt, asked, reached: result.kind === 'running' },
        derivedId,
      )
    case 'unknown':
      // Its program is dead by now; whether it did its work, only the probes can tell.
      return list === 'fix'
        ? withEffect({ ...execution(state), phase: 'verifying', attempt: 1 }, derivedId)
        : withEffect({ ...execution(state), phase: 'proving', attempt: 1 }, derivedId)
    default:
      return unreachable(result)
  }
}

function verified(state: Phase<'verifying'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  const result = failed === undefined ? resultOf('verify', state, input) : ({ kind: 'unknown', reason: failed } as const)
  if (!result) return state
  switch (result.kind) {
    case 'holds':
      return withEffect({ ...execution(state), phase: 'rebaselining' }, derivedId)
    case 'does-not-hold':
      return fail(state, `the cure could not be proven: ${result.says}`, derivedId)
    case 'unknown':
      if (state.attempt < LOOK_AGAIN.attempts) {
        return withTimer({ ...execution(state), phase: 'verifying-later', attempt: state.attempt }, derivedId)
      }
      return canRestore(state) ? fail(state, `verification saw nothing: ${result.reason}`, derivedId) : undetermined(state, result.reason)
    default:
      return unreachable(result)
  }
}

/** Back to the recorded state where there is one; otherwise no further action, and the target is frozen. */
function fail(state: Executing, because: string, derivedId: DerivedId): Healing {
  if (canRestore(state)) return withEffect({ ...execution(state), because, phase: 'rolling-back', index: 0, attempt: 1 }, derivedId)
  const says = `${because}; this action has no state to go back to`
  return escalate(state, 'fix-failed', says, { executionId: state.executionId, plan: state.plan, fix: 'failed', freeze: true })
}

const canRestore = ({ plan, rollback }: Executing): boolean => plan.reversibility === 'reversible' && rollback.length > 0

function restored(state: Phase<'rolling-back'>, input: HealingInput, derivedId: DerivedId): Healing {
  if (failureOf(state, input) !== undefined) {
    return withEffect(
      { ...execution(state), phase: 'settling', list: 'rollback', index: state.index, attempt: state.attempt, asked: 0 },
      derivedId,
    )
  }
  const result = resultOf('run-step', state, input)
  if (!result) return state
  switch (result.kind) {
    case 'ended':
      return restoreEnded(state, state.index, result.exitCode, derivedId)
    case 'never-ran':
      return tryRestoreAgain(state, state.index, state.attempt, result.reason, derivedId)
    case 'changed-by-others':
      return leftToOthers(state, result.changes)
    default:
      return unreachable(result)
  }
}

/** Undoing our change would undo theirs. Which of the two is to stay, only people can say. */
function leftToOthers(state: Executing, changes: readonly ForeignChange[]): Healing {
  const { executionId, plan, because } = state
  const whats = changes.map(({ what }) => what).join(', ')
  const says = `${because ?? 'the fix failed'}; not rolled back, because somebody else has changed ${whats} since. Nothing was touched.`
  return escalate(state, 'changed-by-others', says, { executionId, plan, fix: 'failed', freeze: true })
}

function restoreEnded(state: Executing, index: number, exitCode: number, derivedId: DerivedId): Healing {
  if (exitCode !== 0) return rollbackFailed(state, `restoring ended with exit code ${exitCode}`)
  return index + 1 < state.rollback.length
    ? withEffect({ ...execution(state), phase: 'rolling-back', index: index + 1, attempt: 1 }, derivedId)
    : withEffect({ ...execution(state), phase: 'proving', attempt: 1 }, derivedId)
}

function tryRestoreAgain(state: Executing, index: number, attempt: number, reason: string, derivedId: DerivedId): Healing {
  if (attempt >= LOOK_AGAIN.attempts) return rollbackFailed(state, `restoring could not be started: ${reason}`)
  return withTimer({ ...execution(state), phase: 'rolling-back-later', index, attempt }, derivedId)
}

function proven(state: Phase<'proving'>, input: HealingInput, derivedId: DerivedId): Healing {
  const failed = failureOf(state, input)
  const result = failed === undefined ? resultOf('prove', state, input) : ({ kind: 'unknown', reason: failed } as const)
  if (!result) return state
  const { attempt, because, executionId, plan } = state
  switch (result.kind) {
    case 'same':
      return escalate(state, 'fix-failed-rolled-back', `${because ?? 'the fix failed'}; the earlier state is back, proven`, {
        executionId,
        plan,
        fix: 'failed',
        rolledBack: true,
      })
    case 'different':
      return rollbackFailed(state, `the earlier state is not back: ${result.differences.join(', ')}`)
    case 'unknown':
      return attempt < LOOK_AGAIN.attempts
        ? withTimer({ ...execution(state), phase: 'proving-later', attempt }, derivedId)
        : undetermined(state, result.reason)
    default:
      return unreachable(result)
  }
}

const rollbackFailed = (state: Executing, says: string): Healing =>
  escalate(state, 'rollback-failed', says, { executionId: state.executionId, plan: state.plan, fix: 'failed', freeze: true })

const undetermined = (state: Executing, says: string): Healing => ({ ...execution(state), phase: 'undetermined', says })

const execution = (state: Executing): Executing => {
  const { executionId, approved, steps, rollback, before, meant, seen, seenAt, because } = state
  return { ...planOf(state), executionId, approved, steps, rollback, before, meant, seen, seenAt, because }
}
