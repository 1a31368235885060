/** Asks the host what became of a step. A step without a mark is fenced in the same moment, so that no late runner can start it. */
import type { EffectHandler } from '../effect-runner.ts'
import type { Reach } from './reach.ts'

export const createSettle =
  ({ reach }: { reach: Reach }): EffectHandler<'settle'> =>
  async ({ targetId, ran }, { signal }) => {
    const { remote, target } = await reach(targetId)
    const { executionId, step } = ran
    const became = await remote.settle({ stateDir: target.registration.stateDir, executionId, step }, { signal })
    return { ...became, ran }
  }
