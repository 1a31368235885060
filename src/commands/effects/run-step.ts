/** Runs one step under its mark. What it can prove never to have run, it says; everything else that goes wrong is an unknown outcome. */
import type { Output } from '../../domain/catalogue/program.ts'
import { elapsedMs } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import { HostUnreachable, RemoteTimeout, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { protect } from '../../domain/protected.ts'
import type { EffectHandler } from '../effect-runner.ts'
import type { Halted } from './halt.ts'
import { FIRST_STEP } from './prepare.ts'
import { isAnswerless } from './probing.ts'
import type { Reach, Reached } from './reach.ts'

/** What `timeout` exits with when it had to end a program. */
const TIMED_OUT_EXIT_CODE = 124

/**
 * How long the last look under the lock stays true. Steward may have been down between it and the first step, and in that time people mend things
 * by hand: then nothing is done, for nothing was done yet. Later steps go on, because half a change is worse than either end of it.
 */
const LAST_LOOK_HOLDS_MS = 120_000

export const createRunStep =
  ({ reach, halted, clock }: { reach: Reach; halted: Halted; clock: Clock }): EffectHandler<'run-step'> =>
  async ({ targetId, executionId, step, timeoutMs, privileged }, { signal, requestedAt }) => {
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
      const { stateDir } = reached.target.registration
      const output = await reached.execute(step.run, { timeoutMs, mark: { stateDir, executionId, step: step.name }, signal })
      return { kind: 'ended', ...endOf(output), ran }
    } catch (error) {
      if (error instanceof HostUnreachable) return { kind: 'never-ran', reason: error.message, ran }
      if (error instanceof ServiceRefused) return { kind: 'ended', exitCode: 1, says: protect(error.message), ran }
      if (error instanceof RemoteTimeout) return { kind: 'ended', exitCode: TIMED_OUT_EXIT_CODE, says: protect(error.message), ran }
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
