/** Runs one step under its mark. What it can prove never to have run, it says; everything else that goes wrong is an unknown outcome. */
import type { Output } from '../../domain/catalogue/program.ts'
import type { ForeignChange } from '../../domain/incident/events.ts'
import { elapsedMs } from '../../domain/instant.ts'
import { FIRST_STEP } from '../../domain/plan/step-names.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import { HostUnreachable, RemoteTimeout, ServiceRefused } from '../../domain/ports/remote-host.ts'
import type { TextDiff } from '../../domain/ports/text-diff.ts'
import type { Touched } from '../../domain/processes/effects.ts'
import { protect } from '../../domain/protected.ts'
import type { EffectHandler } from '../effect-runner.ts'
import type { Halted } from './halt.ts'
import { foreignChanges, readLeft } from './late-restore.ts'
import { isAnswerless } from './probing.ts'
import type { Reach, Reached } from './reach.ts'

/** What `timeout` exits with when it had to end a program. */
const TIMED_OUT_EXIT_CODE = 124

/**
 * How long the last look under the lock stays true. Steward may have been down between it and the first step, and in that time people mend things
 * by hand: then nothing is done, for nothing was done yet. Later steps go on, because half a change is worse than either end of it.
 */
const LAST_LOOK_HOLDS_MS = 120_000

export type RunStepOptions = Readonly<{ reach: Reach; halted: Halted; clock: Clock; diff: TextDiff }>

export const createRunStep =
  ({ reach, halted, clock, diff }: RunStepOptions): EffectHandler<'run-step'> =>
  async ({ targetId, executionId, step, timeoutMs, privileged, touched }, { signal, requestedAt }) => {
    const ran = { executionId, step: step.name, say: step.say }
    const waitedMs = elapsedMs(requestedAt, clock.now())
    if (step.name === FIRST_STEP && waitedMs > LAST_LOOK_HOLDS_MS) {
      return { kind: 'never-ran', reason: `the last look at the host is ${Math.round(waitedMs / 1_000)} s old`, ran }
    }
    try {
      const reached = await reach(targetId)
      // No new step starts while healing is stopped, or while nobody can say whether it is; a rollback always finishes.
      const stopped = privileged === 'fix' ? await whyStopped(reached, halted, signal) : undefined
      if (stopped !== undefined) return { kind: 'never-ran', reason: stopped, ran }
      if (privileged === 'restore' && clock.now() > touched.lateAt) {
        const changes = await othersChanged(touched, executionId, reached, diff, signal)
        if (typeof changes === 'string') return { kind: 'never-ran', reason: changes, ran }
        if (changes.length > 0) return { kind: 'changed-by-others', changes, ran }
      }
      const { stateDir } = reached.target.registration
      const output = await reached.execute(step.run, { timeoutMs, mark: { stateDir, executionId, step: step.name }, signal })
      const left = privileged === 'fix' ? await readLeft(touched, reached, signal) : null
      return { kind: 'ended', ...endOf(output), left, ran }
    } catch (error) {
      if (error instanceof HostUnreachable) return { kind: 'never-ran', reason: error.message, ran }
      const failed = { kind: 'ended', left: null, ran } as const
      if (error instanceof ServiceRefused) return { ...failed, exitCode: 1, says: protect(error.message) }
      if (error instanceof RemoteTimeout) return { ...failed, exitCode: TIMED_OUT_EXIT_CODE, says: protect(error.message) }
      throw error
    }
  }

/** Asked before the mark is made: whatever goes wrong here, the step has not run. */
async function whyStopped(reached: Reached, halted: Halted, signal: AbortSignal): Promise<string | undefined> {
  try {
    const by = await halted(reached, signal)
    return by === undefined ? undefined : `healing is stopped by ${by}`
  } catch (error) {
    if (!isAnswerless(error)) throw error
    return `whether healing is stopped could not be asked: ${error.message}`
  }
}

/** Asked before the mark is made, too. A text: why it could not be asked. */
async function othersChanged(
  touched: Touched,
  executionId: string,
  reached: Reached,
  diff: TextDiff,
  signal: AbortSignal,
): Promise<readonly ForeignChange[] | string> {
  try {
    const changes = await foreignChanges(touched, executionId, reached, diff, signal)
    return changes ?? 'whether somebody else has changed what would be overwritten could not be seen'
  } catch (error) {
    if (!isAnswerless(error)) throw error
    return `whether somebody else has changed what would be overwritten could not be asked: ${error.message}`
  }
}

function endOf(output: Output) {
  switch (output.kind) {
    case 'text':
      return { exitCode: output.exitCode, says: protect(output.stderr.trim() || output.stdout.trim()) }
    case 'rows':
      return { exitCode: 0, says: protect(JSON.stringify(output.rows)) }
    case 'value':
      return { exitCode: 0, says: protect(JSON.stringify(output.value)) }
  }
}
