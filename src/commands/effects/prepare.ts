/**
 * The last look before the first step, under the lock: nothing stops healing, the target may still be acted on, the plan is still the one that was
 * approved, the fault is still there, and the state that a rollback must bring back is kept on the host.
 */
import { risks } from '../../domain/catalogue/action.ts'
import type { BoundAction, Prepared } from '../../domain/catalogue/bound-action.ts'
import { restoreSnapshot, takeSnapshot } from '../../domain/catalogue/common/snapshot.ts'
import { changedTerms, planHashOf, termsOf } from '../../domain/plan/plan-hash.ts'
import { meantAfter } from '../../domain/plan/restorable.ts'
import { fixStep, restoreStep } from '../../domain/plan/step-names.ts'
import type { NamedStep, StateVector } from '../../domain/processes/effects.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { type Drafting, draftPlan } from './draft-plan.ts'
import type { Halted } from './halt.ts'
import { forbidden, type PermissionDeps, permissionFor } from './permission.ts'
import type { Reach, Reached } from './reach.ts'
import { filesOf, readStateVector, settingsOf } from './state-vector.ts'

export type PrepareOptions = Drafting & PermissionDeps & Readonly<{ reach: Reach; halted: Halted }>

export const createPrepare =
  ({ reach, halted, log, clock, ...drafting }: PrepareOptions): EffectHandler<'prepare'> =>
  async ({ incidentId, targetId, fingerprintId, executionId, remedy, plan, authority }, { signal }) => {
    const reached = await reach(targetId)
    const { registration } = reached.target
    const never = forbidden(reached)
    if (never) return { kind: 'refused', ...never }
    const by = await halted(reached, signal)
    if (by !== undefined) return { kind: 'halted', by }
    const drafted = await draftPlan(incidentId, remedy, reached, drafting, signal)
    switch (drafted.kind) {
      case 'not-confirmed':
      case 'unknown':
        return drafted
      case 'not-permitted':
        return { kind: 'refused', rule: drafted.rule, says: drafted.says }
      case 'drafted':
        break
    }
    // A risk that has fallen since the approval - a file has come to rest - does not void it; one that has risen does.
    const risen = risks.indexOf(drafted.plan.risk) > risks.indexOf(plan.risk)
    const now = termsOf({ ...drafted.plan, risk: risen ? drafted.plan.risk : plan.risk })
    if (planHashOf(now, drafting.hash) !== plan.planHash) return { kind: 'drifted', changed: changedTerms(plan, now) }

    const { action, prepared } = drafted
    const { beyondBaseline } = prepared
    const permission = await permissionFor({ plan: drafted.plan, beyondBaseline, fingerprintId }, reached, {
      log,
      clock,
      policy: drafting.policy,
    })
    if ('forbidden' in permission) return { kind: 'refused', ...permission.forbidden }
    const { kind } = permission.authority
    if (kind === 'observe-only') return { kind: 'refused', rule: 'observe-mode', says: 'The target is only observed now.' }
    // What a rule allowed may need a person by now: plan again, and ask. What a person allowed stays allowed.
    if (kind === 'person' && authority.kind === 'policy') return { kind: 'drifted', changed: permission.authority.because }
    const before = await readStateVector(prepared, action, reached, signal)
    if (!before) return { kind: 'unknown', reason: 'the state before the first step could not be read' }
    const files = filesOf(prepared.snapshot)
    if (files.length > 0) {
      const taken = await reached.execute(takeSnapshot(registration.stateDir, executionId, files), { signal })
      if (taken.kind !== 'text' || taken.exitCode !== 0) {
        const says = taken.kind === 'text' ? taken.stderr.trim() : 'no answer'
        return { kind: 'refused', rule: 'snapshot-failed', says: `The snapshot could not be taken: ${says}` }
      }
    }
    const steps = prepared.steps.map((step, index): NamedStep => ({ name: fixStep(index), ...step }))
    const rollback = rollbackSteps(action, prepared, before, executionId, reached)
    return { kind: 'prepared', steps, rollback, before, meant: meantAfter(before, prepared.leaves, plan.files) }
  }

/** How the earlier state comes back: files from the snapshot, settings to the values that were read, then what makes the service take it up. */
function rollbackSteps(
  { reversibility, afterRestore }: BoundAction,
  { snapshot }: Prepared,
  before: StateVector,
  executionId: string,
  { target }: Reached,
): readonly NamedStep[] {
  if (reversibility !== 'reversible') return []
  const { stateDir } = target.registration
  const files =
    filesOf(snapshot).length > 0 ? [{ say: 'put the files back from the snapshot', run: restoreSnapshot(stateDir, executionId) }] : []
  const settings = settingsOf(snapshot).flatMap(({ name, write }) => {
    const value = before.settings[name]
    return value === undefined ? [] : [{ say: `set ${name} back`, run: write(value) }]
  })
  return [...files, ...settings, ...afterRestore].map((step, index) => ({ name: restoreStep(index), ...step }))
}
