/**
 * One operation on many items. Every item begins at most once and ends at most once, and the end of the last one is the end of the operation, in
 * the same append: there is no moment in which all is done and nobody has said so.
 */
import { accept, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { Protected } from '../protected.ts'
import type {
  BulkOperationAsked,
  BulkOperationStarted,
  BulkOutcome,
  BulkWork,
  ItemCounts,
  OperationEvent,
  OperationItem,
} from './events.ts'

export type BulkState = BulkWork &
  Readonly<{
    situation: 'running' | 'cancelling' | BulkOutcome
    operationId: string
    subject: string
    reason: string
    by: string
    /** In the order in which they are taken. */
    items: ReadonlyMap<string, ItemState>
  }>

export type ItemState = OperationItem &
  (Readonly<{ state: 'waiting' }> | Readonly<{ state: 'started'; commandId: string; at: Instant }> | Readonly<{ state: ItemEnd }>)
type ItemEnd = 'succeeded' | 'failed' | 'unknown'

/** More would not fit one append with room to spare. */
export const MOST_ITEMS = 1_000

export type BulkCommand =
  | Readonly<{ type: 'StartBulkOperation'; data: BulkOperationAsked & Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'BeginOperationItem'; data: Readonly<{ item: string; commandId: string; now: Instant }> }>
  | Readonly<{ type: 'EndOperationItem'; data: Readonly<{ item: string; result: ItemResult; now: Instant }> }>
  | Readonly<{ type: 'CancelOperation'; data: Readonly<{ by: string; reason: string; now: Instant }> }>

export type ItemResult =
  | Readonly<{ kind: 'succeeded'; says: string }>
  | Readonly<{ kind: 'failed'; rule: string; says: Protected }>
  | Readonly<{ kind: 'unknown'; says: Protected }>

export function startedBulk({ items, at: _, ...started }: BulkOperationStarted): BulkState {
  return { ...started, situation: 'running', items: new Map(items.map((item) => [item.id, { ...item, state: 'waiting' }])) }
}

export function evolveBulk(state: BulkState, event: OperationEvent): BulkState {
  switch (event.type) {
    case 'OperationItemStarted': {
      const { item, commandId, at } = event.data
      return withItem(state, item, { state: 'started', commandId, at })
    }
    case 'OperationItemSucceeded':
      return withItem(state, event.data.item, { state: 'succeeded' })
    case 'OperationItemFailed':
      return withItem(state, event.data.item, { state: 'failed' })
    case 'OperationItemUnknown':
      return withItem(state, event.data.item, { state: 'unknown' })
    case 'OperationCancelled':
      return { ...state, situation: 'cancelling' }
    case 'OperationEnded':
      return { ...state, situation: event.data.outcome }
    case 'OperationStarted':
    case 'OperationSucceeded':
    case 'OperationFailed':
      return state
    default:
      return unreachable(event)
  }
}

type Standing = Readonly<{ state: 'started'; commandId: string; at: Instant }> | Readonly<{ state: ItemEnd }>

function withItem(state: BulkState, id: string, standing: Standing): BulkState {
  const known = state.items.get(id)
  return known ? { ...state, items: new Map(state.items).set(id, { id, name: known.name, ...standing }) } : state
}

export function decideBulk(state: BulkState | undefined, command: BulkCommand): Decision<OperationEvent> {
  if (command.type === 'StartBulkOperation') return start(command.data)
  if (!state) return refuse('operation-not-running', { situation: 'absent' })
  const { situation, operationId } = state
  if (situation !== 'running' && situation !== 'cancelling') return refuse('operation-not-running', { situation })
  switch (command.type) {
    case 'BeginOperationItem': {
      const { item: id, commandId, now } = command.data
      const item = state.items.get(id)
      if (!item) return refuse('operation-item-unknown', { item: id })
      // Begun before a crash: it is finished, whatever was said since.
      if (item.state === 'started') return accept()
      if (item.state !== 'waiting') return refuse('operation-item-ended', { item: id, state: item.state })
      if (situation === 'cancelling') return refuse('operation-cancelled', { item: id })
      return accept({ type: 'OperationItemStarted', data: { operationId, item: id, commandId, at: now } })
    }
    case 'EndOperationItem': {
      const { item: id, result, now } = command.data
      const item = state.items.get(id)
      if (!item) return refuse('operation-item-unknown', { item: id })
      if (item.state !== 'started') return refuse('operation-item-ended', { item: id, state: item.state })
      return accept(...withEnd(state, ended({ operationId, item: id, at: now }, result), now))
    }
    case 'CancelOperation': {
      if (situation === 'cancelling') return accept()
      const { by, reason, now } = command.data
      return accept(...withEnd(state, { type: 'OperationCancelled', data: { operationId, by, reason, at: now } }, now))
    }
    default:
      return unreachable(command)
  }
}

function start({ now, ...started }: Extract<BulkCommand, { type: 'StartBulkOperation' }>['data']): Decision<OperationEvent> {
  const { items } = started
  if (items.length === 0) return refuse('operation-empty')
  if (items.length > MOST_ITEMS) return refuse('operation-too-large', { items: items.length, most: MOST_ITEMS })
  const seen = new Set<string>()
  for (const { id } of items) {
    if (seen.has(id)) return refuse('operation-item-twice', { item: id })
    seen.add(id)
  }
  return accept({ type: 'OperationStarted', data: { ...started, at: now } })
}

type OfItem = Readonly<{ operationId: string; item: string; at: Instant }>

function ended(of: OfItem, result: ItemResult): OperationEvent {
  switch (result.kind) {
    case 'succeeded':
      return { type: 'OperationItemSucceeded', data: { ...of, says: result.says } }
    case 'failed':
      return { type: 'OperationItemFailed', data: { ...of, rule: result.rule, says: result.says } }
    case 'unknown':
      return { type: 'OperationItemUnknown', data: { ...of, says: result.says } }
    default:
      return unreachable(result)
  }
}

/** The event, and the end of the operation when nothing is left to come after it. */
function withEnd(before: BulkState, event: OperationEvent, now: Instant): readonly OperationEvent[] {
  const state = evolveBulk(before, event)
  const standings = [...state.items.values()].map((item) => item.state)
  const left = standings.some((each) => each === 'started' || (each === 'waiting' && state.situation === 'running'))
  if (left) return [event]
  const count = (wanted: ItemState['state']): number => standings.filter((each) => each === wanted).length
  const counts = { succeeded: count('succeeded'), failed: count('failed'), unknown: count('unknown'), skipped: count('waiting') }
  const { operationId } = state
  return [event, { type: 'OperationEnded', data: { operationId, outcome: outcomeOf(counts), ...counts, at: now } }]
}

/** What nobody could prove never counts as done. */
function outcomeOf({ succeeded, failed, unknown, skipped }: ItemCounts): BulkOutcome {
  if (skipped > 0) return 'cancelled'
  if (failed + unknown === 0) return 'succeeded'
  return succeeded === 0 ? 'failed' : 'partly'
}
