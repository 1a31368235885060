/** Single calls for as long as usage is kept, each as it was recorded: who called what, when, and what came of it. */
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { CallOutcome, RecordedCall } from '../domain/usage/call.ts'
import type { UsageEvent } from '../domain/usage/events.ts'
import { defineProjection } from './projection.ts'

export type ToolCallRow = Readonly<{
  callId: string
  serverId: string
  tool: string
  principal: string
  sessionId: string | null
  conversation: string | null
  startedAt: Instant
  durationMs: number
  outcome: CallOutcome
  rule: string | null
  requestBytes: number
  responseBytes: number
  /** JSON, redacted and cut; null where the policy keeps none. */
  args: string | null
}>

export const toolCalls = defineProjection({
  name: 'tool-calls',
  version: 1,
  table: 'tool_calls',
  columns: {
    callId: 'text',
    serverId: 'text',
    tool: 'text',
    principal: 'text',
    sessionId: 'text',
    conversation: 'text',
    startedAt: 'timestamptz',
    durationMs: 'double precision',
    outcome: 'text',
    rule: 'text',
    requestBytes: 'double precision',
    responseBytes: 'double precision',
    args: 'text',
  },
  primaryKey: 'callId',
  nullable: ['sessionId', 'conversation', 'rule', 'args'],
  indexes: [{ columns: ['startedAt', 'callId'] }, { columns: ['serverId', 'startedAt', 'callId'] }],
  expires: [{ column: 'startedAt', afterMs: ({ usageMs }) => usageMs }],
  eventTypes: ['ToolCallsRecorded'],
  appendOnly: true,
  keys: ({ data }) => data.calls.map(({ callId }) => callId),
  fold(_row: ToolCallRow | undefined, event, key): ToolCallRow | 'none' {
    const call = callsOf(event).get(key)
    return call === undefined ? 'none' : rowOf(event.data.serverId, call)
  },
})

type UsageRecorded = Recorded<UsageEvent>

/** Without it, finding the calls of a batch of n takes n * n looks. */
const callsByBatch = new WeakMap<UsageRecorded['data'], ReadonlyMap<string, RecordedCall>>()

function callsOf({ data }: UsageRecorded): ReadonlyMap<string, RecordedCall> {
  const known = callsByBatch.get(data)
  if (known !== undefined) return known
  const calls = new Map(data.calls.map((call) => [call.callId, call]))
  callsByBatch.set(data, calls)
  return calls
}

const rowOf = (serverId: string, call: RecordedCall): ToolCallRow => ({
  callId: call.callId,
  serverId,
  tool: call.tool,
  principal: call.principal,
  sessionId: call.sessionId ?? null,
  conversation: call.conversation ?? null,
  startedAt: call.startedAt,
  durationMs: call.durationMs,
  outcome: call.outcome,
  rule: call.rule ?? null,
  requestBytes: call.requestBytes,
  responseBytes: call.responseBytes,
  args: call.args?.text ?? null,
})
