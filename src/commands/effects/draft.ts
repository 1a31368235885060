/** The effect that makes a plan and says who may let it run. */

import { fingerprint } from '../../domain/fingerprint/fingerprint.ts'
import { foldOf } from '../../domain/fold.ts'
import { elapsedMs } from '../../domain/instant.ts'
import { authorityOver } from '../../domain/plan/authority.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import { remedyGuard } from '../../domain/remedy-guard/remedy-guard.ts'
import type { EffectHandler } from '../effect-runner.ts'
import type { EventLog } from '../event-log.ts'
import { type Drafting, draftPlan } from './draft-plan.ts'
import type { Reach } from './reach.ts'

export type DraftOptions = Drafting & Readonly<{ reach: Reach; log: EventLog; clock: Clock }>

/** What goes beyond the baseline may be done once in this time on one target. */
const BEYOND_BASELINE_EVERY_MS = 24 * 3_600_000

export const createDraft =
  ({ reach, log, clock, ...drafting }: DraftOptions): EffectHandler<'draft'> =>
  async ({ incidentId, targetId, fingerprintId, remedy }, { signal }) => {
    const reached = await reach(targetId)
    const { target, host } = reached
    if (target.frozen) return { kind: 'not-permitted', rule: 'target-frozen', says: `The target is frozen: ${target.frozen.reason}` }
    if (target.paused) return { kind: 'not-permitted', rule: 'target-paused', says: 'The target is paused.' }
    const drafted = await draftPlan(incidentId, remedy, reached, drafting, signal)
    if (drafted.kind !== 'drafted') return drafted

    const { plan, prepared } = drafted
    const guard = foldOf(remedyGuard, (await log.load(`remedy-guard-${plan.action.id}`)).events)
    const appliedAt = guard.appliedAt.get(targetId)
    if (prepared.beyondBaseline && appliedAt !== undefined && elapsedMs(appliedAt, clock.now()) < BEYOND_BASELINE_EVERY_MS) {
      const says = `${plan.action.id} went beyond the baseline of this target at ${appliedAt}; at most once in 24 h.`
      return { kind: 'not-permitted', rule: 'beyond-baseline-once-a-day', says }
    }
    const seen = foldOf(fingerprint, (await log.load(`fingerprint-${fingerprintId}`)).events)
    const { policy } = drafting
    const authority = authorityOver({
      mode: target.mode,
      targetName: target.registration.name,
      actionId: plan.action.id,
      risk: plan.risk,
      reversibility: plan.reversibility,
      chosenBy: plan.chosenBy,
      confidence: plan.confidence,
      breakerOpen: seen.breakerOpen,
      failedOnHosts: [...guard.failedOn].filter((hostId) => hostId !== host.hostId).length,
      policy,
    })
    const { approversNeeded, actionsPerHostPerHour } = policy
    return { kind: 'drafted', plan, authority, approversNeeded, actionsPerHostPerHour }
  }
