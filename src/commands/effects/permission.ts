/**
 * Whether a plan may run now, and who lets it. Asked when the plan is made, and again under the lock: between the two a person may have paused the
 * target, lowered its mode, or seen the same action fail elsewhere, and what was allowed then is not what is allowed now.
 */
import type { Authority } from '../../domain/incident/events.ts'
import { elapsedMs } from '../../domain/instant.ts'
import { authorityOver } from '../../domain/plan/authority.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { EventLog } from '../event-log.ts'
import type { Reached } from './reach.ts'

export type Forbidden = Readonly<{ rule: string; says: string }>

/** What goes beyond the baseline may be done once in this time on one target. */
const BEYOND_BASELINE_EVERY_MS = 24 * 3_600_000

/** What forbids every action on a target, whatever the plan. */
export function forbidden({ target: { frozen, paused } }: Reached): Forbidden | undefined {
  if (frozen) return { rule: 'target-frozen', says: `The target is frozen: ${frozen.reason}` }
  if (paused) return { rule: 'target-paused', says: 'The target is paused.' }
  return undefined
}

export type PermissionDeps = Readonly<{ log: EventLog; clock: Clock; policy: Policy }>

export async function permissionFor(
  { plan, beyondBaseline, fingerprintId }: Readonly<{ plan: Plan; beyondBaseline: boolean; fingerprintId: string }>,
  { target, host }: Reached,
  { log, clock, policy }: PermissionDeps,
): Promise<Readonly<{ forbidden: Forbidden }> | Readonly<{ authority: Authority }>> {
  const { state: guard } = await log.states['remedy-guard'](plan.action.id)
  const appliedAt = guard.appliedAt.get(plan.targetId)
  if (beyondBaseline && appliedAt !== undefined && elapsedMs(appliedAt, clock.now()) < BEYOND_BASELINE_EVERY_MS) {
    const says = `${plan.action.id} went beyond the baseline of this target at ${appliedAt}; at most once in 24 h.`
    return { forbidden: { rule: 'beyond-baseline-once-a-day', says } }
  }
  const { state: seen } = await log.states.fingerprint(fingerprintId)
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
  return { authority }
}
