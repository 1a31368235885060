/**
 * Calls come in their thousands, so they are recorded in batches, in streams of their own: one per server and day (UTC, by the start of the call),
 * so that a day can be taken as a whole. Batches of one stream are in the order in which they were written; calls of a batch in that of their end.
 */
import type { StreamName } from '../ports/event-store.ts'
import type { RecordedCall } from './call.ts'

export type UsageEvent = Readonly<{ type: 'ToolCallsRecorded'; data: ToolCallsRecord }>

export type ToolCallsRecord = Readonly<{
  serverId: string
  /** 2026-11-21 */
  day: string
  calls: readonly RecordedCall[]
  /** Calls of this server that could not be kept since its last batch, because the log was away for too long. */
  lost?: number
}>

export const toolCallsStream = (serverId: string, day: string): StreamName => `toolcalls-${serverId}-${day}`

/** A finished call is in the log at most so long after its end, while the log is there. What a crash can lose is what is younger than that. */
export const USAGE_FLUSH_MS = 250
