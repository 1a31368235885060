/** Runs one step under its mark. What it can prove never to have run, it says; everything else that goes wrong is an unknown outcome. */
import type { Output } from '../../domain/catalogue/program.ts'
import { HostUnreachable, RemoteTimeout, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { protect } from '../../domain/protected.ts'
import type { EffectHandler } from '../effect-runner.ts'
import type { Halted } from './halt.ts'
import type { Reach } from './reach.ts'

/** What `timeout` exits with when it had to end a program. */
const TIMED_OUT_EXIT_CODE = 124

export const createRunStep =
  ({ reach, halted }: { reach: Reach; halted: Halted }): EffectHandler<'run-step'> =>
  async ({ targetId, executionId, step, timeoutMs, privileged }, { signal }) => {
    const ran = { executionId, step: step.name, say: step.say }
    try {
      const reached = await reach(targetId)
      // No new step starts while healing is stopped; a rollback always finishes.
      const by = privileged === 'fix' ? await halted(reached, signal) : undefined
      if (by !== undefined) return { kind: 'never-ran', reason: `healing is stopped by ${by}`, ran }
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
