/** One call of a tool, when it is over: as the gateway tells it, and as it is kept. What a call counts as is decided here, for every list and figure. */
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Protected } from '../protected.ts'

export const callOutcomes = ['ok', 'tool-error', 'error', 'timed-out', 'lost', 'cancelled', 'refused', 'bypassed'] as const
export type CallOutcome = (typeof callOutcomes)[number]

/** As it is handed over. */
export type ToolCall = Readonly<{
  serverId: string
  tool: string
  principal: string
  sessionId: string | undefined
  conversation: string | undefined
  startedAtMs: number
  durationMs: number
  outcome: CallOutcome
  /** Of a refusal, a loss, or the server's error code. */
  rule: string | undefined
  requestBytes: number
  responseBytes: number
  arguments: JsonObject
}>

/** As it stands in the log. */
export type RecordedCall = Readonly<{
  callId: string
  tool: string
  /** Owner and id of the key that called. */
  principal: string
  sessionId?: string
  conversation?: string
  startedAt: Instant
  /** To the microsecond. */
  durationMs: number
  outcome: CallOutcome
  rule?: string
  requestBytes: number
  responseBytes: number
  /** Only where the policy wants them: JSON without what looks like a secret, cut to length. */
  args?: Protected
}>

/** Whether it was sent to the server. What never got there is no call of it: it is counted apart, and says nothing about the server. */
export const reachedServer = (outcome: CallOutcome): boolean => outcome !== 'refused' && outcome !== 'bypassed'

/** Whether the server owed an answer and gave none, or one that says that it failed. A caller's change of mind is no error. */
export const isError = (outcome: CallOutcome): boolean =>
  outcome === 'tool-error' || outcome === 'error' || outcome === 'timed-out' || outcome === 'lost'

/** 1 where nothing was called: nothing has failed. */
export const successRate = ({ calls, errors }: Readonly<{ calls: number; errors: number }>): number =>
  calls === 0 ? 1 : (calls - errors) / calls
