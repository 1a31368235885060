/** The effect that makes a plan and says who may let it run. */
import type { EffectHandler } from '../effect-runner.ts'
import { type Drafting, draftPlan } from './draft-plan.ts'
import { forbidden, type PermissionDeps, permissionFor } from './permission.ts'
import type { Reach } from './reach.ts'

export type DraftOptions = Drafting & PermissionDeps & Readonly<{ reach: Reach }>

export const createDraft =
  ({ reach, log, clock, ...drafting }: DraftOptions): EffectHandler<'draft'> =>
  async ({ incidentId, targetId, fingerprintId, remedy }, { signal }) => {
    const reached = await reach(targetId)
    const never = forbidden(reached)
    if (never) return { kind: 'not-permitted', ...never }
    const drafted = await draftPlan(incidentId, remedy, reached, drafting, signal)
    if (drafted.kind !== 'drafted') return drafted

    const { plan, prepared } = drafted
    const { policy } = drafting
    const asked = { plan, beyondBaseline: prepared.beyondBaseline, fingerprintId }
    const permission = await permissionFor(asked, reached, { log, clock, policy })
    if ('forbidden' in permission) return { kind: 'not-permitted', ...permission.forbidden }
    const { authority } = permission
    const { approversNeeded, actionsPerHostPerHour } = policy
    return { kind: 'drafted', plan, authority, approversNeeded, actionsPerHostPerHour }
  }
