/** Calls on their way into the log, and how much of an append they will take. */
import type { StreamName } from '../../domain/ports/event-store.ts'
import type { Protected } from '../../domain/protected.ts'
import type { RecordedCall, ToolCall } from '../../domain/usage/call.ts'
import type { ToolCallsRecord } from '../../domain/usage/events.ts'
import { toInstant } from '../../domain/usage/windows.ts'

export type UsageBatch = Readonly<{
  serverId: string
  day: string
  stream: StreamName
  calls: readonly TakenCall[]
  /** An upper bound of what they take as JSON. */
  bytes: number
  lost?: number
}>

/** A call between its end and its append. Its id and its time are written out later: a caller may be waiting. The arguments stay behind: they may be large. */
export type TakenCall = Omit<ToolCall, 'serverId' | 'arguments'> & Readonly<{ args: Protected | undefined }>

/** Stands for a tool that has no room of its own. No tool has this name: MCP allows no parentheses. */
export const OTHER_TOOLS = '(others)'

/** A call has the id of the event that tells it, and its place in there. */
export function recordOf({ serverId, day, calls, lost }: UsageBatch, eventId: string): ToolCallsRecord {
  const recorded = calls.map((call, index) => recordedCall(call, `${eventId}-${index}`))
  return { serverId, day, calls: recorded, ...(lost === undefined ? {} : { lost }) }
}

function recordedCall({ sessionId, conversation, rule, args, startedAtMs, durationMs, ...call }: TakenCall, callId: string): RecordedCall {
  return {
    ...{ callId, ...call, startedAt: toInstant(startedAtMs), durationMs: Math.max(0, Math.round(durationMs * 1_000) / 1_000) },
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(rule === undefined ? {} : { rule }),
    ...(args === undefined ? {} : { args }),
  }
}

/** Names and ids come from callers; none of them may be as long as it likes. `tool`: as it is to be counted. */
export const takenCall = (call: ToolCall, tool: string, args: Protected | undefined): TakenCall => ({
  tool,
  principal: clipped(call.principal),
  sessionId: call.sessionId === undefined ? undefined : clipped(call.sessionId),
  conversation: call.conversation === undefined ? undefined : clipped(call.conversation),
  startedAtMs: call.startedAtMs,
  durationMs: call.durationMs,
  outcome: call.outcome,
  rule: call.rule === undefined ? undefined : clipped(call.rule),
  requestBytes: call.requestBytes,
  responseBytes: call.responseBytes,
  args,
})

export const clipped = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
const LONGEST = 256

/** Never less than what the call takes in the log. */
export function sizeOf({ tool, principal, sessionId = '', conversation = '', rule = '', args }: TakenCall): number {
  const texts = jsonSize(tool) + jsonSize(principal) + jsonSize(sessionId) + jsonSize(conversation) + jsonSize(rule)
  return FIXED_BYTES + texts + (args === undefined ? 0 : jsonSize(args.text) + 20)
}

/** Member names, ids, times, numbers, punctuation. */
const FIXED_BYTES = 300

/** The longest escape is six characters, the longest character of UTF-8 of one UTF-16 unit is three bytes. */
const jsonSize = (text: string): number => (PLAIN.test(text) ? text.length : 6 * text.length)
const PLAIN = /^[ !#-[\]-~]*$/
