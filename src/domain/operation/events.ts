/** Long work that an operator asked for: its progress and its end. */
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Protected } from '../protected.ts'

export type OperationEvent =
  | Readonly<{ type: 'OperationStarted'; data: SingleOperationStarted | BulkOperationStarted }>
  // Of one piece of work.
  | Readonly<{ type: 'OperationSucceeded'; data: Of & Readonly<{ result: JsonObject; at: Instant }> }>
  | Readonly<{ type: 'OperationFailed'; data: Of & Readonly<{ rule: string; says: string; at: Instant }> }>
  // Of work on many items. `commandId` is the command on the item: what it did can be undone by that.
  | Readonly<{ type: 'OperationItemStarted'; data: OfItem & Readonly<{ commandId: string; at: Instant }> }>
  | Readonly<{ type: 'OperationItemSucceeded'; data: OfItem & Readonly<{ says: string; at: Instant }> }>
  | Readonly<{ type: 'OperationItemFailed'; data: OfItem & Readonly<{ rule: string; says: Protected; at: Instant }> }>
  /** It was asked for, and nobody can say yet what became of it. */
  | Readonly<{ type: 'OperationItemUnknown'; data: OfItem & Readonly<{ says: Protected; at: Instant }> }>
  /** What has begun comes to its end; nothing else begins. */
  | Readonly<{ type: 'OperationCancelled'; data: Of & Readonly<{ by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'OperationEnded'; data: Of & ItemCounts & Readonly<{ outcome: BulkOutcome; at: Instant }> }>

type Of = Readonly<{ operationId: string }>
/** `item`: the id of what it is done to. */
type OfItem = Of & Readonly<{ item: string }>

/** One piece of work, without items. */
export const singleOperations = ['projection-rebuild', 'projection-verify', 'discovery'] as const
export type SingleOperation = (typeof singleOperations)[number]

/** The same command on many servers. `servers-retire` is what the documents call delete. */
export const askedOperations = [
  'servers-start',
  'servers-stop',
  'servers-restart',
  'servers-enable',
  'servers-disable',
  'servers-retire',
] as const
export type AskedOperation = (typeof askedOperations)[number]

/** Work on servers, item by item. `servers-upgrade`: another version of the package that a server is started from, with a way back. */
export const bulkOperations = [...askedOperations, 'servers-upgrade'] as const
export type BulkOperation = (typeof bulkOperations)[number]

export const operationKinds = [...singleOperations, ...bulkOperations] as const
export type OperationKind = (typeof operationKinds)[number]

export type SingleOperationStarted = Of & Readonly<{ kind: SingleOperation; subject: string; by: string; at: Instant }>

/** The items as they were found when it was asked for: what appears later is none of them. */
export type BulkOperationStarted = BulkOperationAsked & Readonly<{ at: Instant }>
export type BulkOperationAsked = Of & BulkWork & Readonly<{ subject: string; items: readonly OperationItem[]; reason: string; by: string }>

/** `digest`: of the trial that somebody has looked at; when it comes to something else by now, nothing is done. */
export type BulkWork = Readonly<{ kind: AskedOperation }> | Readonly<{ kind: 'servers-upgrade'; version: string; digest?: string }>

/** `name`: as it was called then; null: there was none of that id. */
export type OperationItem = Readonly<{ id: string; name: string | null }>

/** `partly`: some did, some did not. Only what was proven counts as succeeded. */
export const bulkOutcomes = ['succeeded', 'partly', 'failed', 'cancelled'] as const
export type BulkOutcome = (typeof bulkOutcomes)[number]

/** `skipped`: never begun, because it was cancelled before. */
export type ItemCounts = Readonly<{ succeeded: number; failed: number; unknown: number; skipped: number }>

const bulk: ReadonlySet<string> = new Set(bulkOperations)
export const isBulk = (started: SingleOperationStarted | BulkOperationStarted): started is BulkOperationStarted => bulk.has(started.kind)
