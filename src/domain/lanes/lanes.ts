/**
 * The rules of a host's resources. Overlapping executions wait in order and are told when their turn may have come; they plan again then,
 * because the world has changed. At most so many executions begin per hour, so that a mistake cannot run away. A target leaves only while no
 * execution on it holds anything, and from then on none begins: so it can be retired without a fix being cut in two.
 */
import type { Resource } from '../catalogue/action.ts'
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import { elapsedMs, type Instant, later } from '../instant.ts'
import type { Claim, LanesEvent } from './events.ts'

export type Lanes = Readonly<{
  held: readonly Claim[]
  waiting: readonly Claim[]
  /** When executions began, oldest first; older than an hour are dropped at the next acquisition. */
  begunAt: readonly Instant[]
  /** Targets on which nothing begins any more. */
  left: ReadonlySet<string>
}>

export type LanesCommand =
  | Readonly<{ type: 'AcquireLanes'; data: Claim & Readonly<{ limitPerHour: number; now: Instant }> }>
  | Readonly<{ type: 'ReleaseLanes'; data: Readonly<{ hostId: string; incidentId: string; executionId: string; now: Instant }> }>
  | Readonly<{ type: 'LeaveLanes'; data: Readonly<{ hostId: string; targetId: string; now: Instant }> }>

const HOUR_MS = 3_600_000

export const lanes: Decider<Lanes, LanesCommand, LanesEvent> = {
  initialState: { held: [], waiting: [], begunAt: [], left: new Set() },
  evolve,
  decide,
}

function evolve(state: Lanes, event: LanesEvent): Lanes {
  if (event.type === 'LanesLeft') {
    const { targetId } = event.data
    return { ...state, waiting: state.waiting.filter((claim) => claim.targetId !== targetId), left: new Set(state.left).add(targetId) }
  }
  const { executionId } = event.data
  const without = (claims: readonly Claim[]) => claims.filter((claim) => claim.executionId !== executionId)
  switch (event.type) {
    case 'LanesAcquired': {
      const { at, ...claim } = event.data
      const begunAt = [...state.begunAt.filter((begun) => elapsedMs(begun, at) < HOUR_MS), at]
      return { ...state, held: [...without(state.held), claim], waiting: without(state.waiting), begunAt }
    }
    case 'LanesQueued': {
      const { heldBy: _, at: __, ...claim } = event.data
      return { ...state, waiting: [...without(state.waiting), claim] }
    }
    case 'LanesReleased':
      return { ...state, held: without(state.held), waiting: without(state.waiting) }
    case 'LanesOffered':
      return { ...state, waiting: without(state.waiting) }
    default:
      return unreachable(event)
  }
}

function decide(state: Lanes, command: LanesCommand): Decision<LanesEvent> {
  switch (command.type) {
    case 'AcquireLanes': {
      const { now, limitPerHour, ...claim } = command.data
      if (state.left.has(claim.targetId)) return refuse('target-left', { targetId: claim.targetId })
      if (state.held.some((held) => held.executionId === claim.executionId)) return accept()
      const holder = state.held.find((held) => overlap(held.resources, claim.resources))
      if (holder) return accept({ type: 'LanesQueued', data: { ...claim, heldBy: holder.incidentId, at: now } })
      const recent = state.begunAt.filter((begun) => elapsedMs(begun, now) < HOUR_MS)
      if (recent.length >= limitPerHour) {
        // A budget of none is never free.
        const [oldest] = recent
        return refuse('host-budget-exhausted', { limitPerHour, ...(oldest === undefined ? {} : { freeAt: later(oldest, HOUR_MS) }) })
      }
      return accept({ type: 'LanesAcquired', data: { ...claim, at: now } })
    }
    case 'ReleaseLanes':
      return release(state, command.data)
    case 'LeaveLanes': {
      const { hostId, targetId, now } = command.data
      const holder = state.held.find((claim) => claim.targetId === targetId)
      if (holder) return refuse('target-is-being-fixed', { incidentId: holder.incidentId, executionId: holder.executionId })
      return state.left.has(targetId) ? accept() : accept({ type: 'LanesLeft', data: { hostId, targetId, at: now } })
    }
    default:
      return unreachable(command)
  }
}

/**
 * Releases, and offers to everybody whose resources are free now. Not to one of them: he may find the fault gone, or wait for a person, and
 * the others would wait behind him for nothing. Whoever comes first gets them; the rest queue again.
 */
function release(state: Lanes, data: Extract<LanesCommand, { type: 'ReleaseLanes' }>['data']): Decision<LanesEvent> {
  const { hostId, incidentId, executionId, now } = data
  const known = [...state.held, ...state.waiting].some((claim) => claim.executionId === executionId)
  if (!known) return accept()
  const held = state.held.filter((claim) => claim.executionId !== executionId)
  const free = state.waiting.filter(
    (claim) => claim.executionId !== executionId && !held.some((other) => overlap(other.resources, claim.resources)),
  )
  return accept<LanesEvent>(
    { type: 'LanesReleased', data: { hostId, incidentId, executionId, at: now } },
    ...free.map((claim) => ({
      type: 'LanesOffered' as const,
      data: { hostId, incidentId: claim.incidentId, executionId: claim.executionId, at: now },
    })),
  )
}

/** A filesystem overlaps every file below it; everything else overlaps itself. */
export function overlap(a: readonly Resource[], b: readonly Resource[]): boolean {
  return a.some((one) => b.some((other) => one === other || contains(one, other) || contains(other, one)))
}

function contains(outer: Resource, inner: Resource): boolean {
  if (!outer.startsWith('filesystem:') || !inner.startsWith('file:')) return false
  const root = outer.slice('filesystem:'.length).replace(/\/+$/, '')
  return inner.slice('file:'.length).startsWith(`${root}/`)
}
