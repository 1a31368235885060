/** Batches of tool calls, as they are in the log. */
import { z } from 'zod'
import { callOutcomes, type RecordedCall } from '../../../domain/usage/call.ts'
import type { UsageEvent } from '../../../domain/usage/events.ts'
import { count, instant, protectedText, type SchemasOf, text } from './common.ts'

const call = z.strictObject({
  callId: text,
  tool: text,
  principal: text,
  sessionId: text.exactOptional(),
  conversation: text.exactOptional(),
  startedAt: instant,
  durationMs: z.number(),
  outcome: z.enum(callOutcomes),
  rule: text.exactOptional(),
  requestBytes: count,
  responseBytes: count,
  args: protectedText.exactOptional(),
}) satisfies z.ZodType<RecordedCall>

export const usageSchemas = {
  ToolCallsRecorded: z.strictObject({ serverId: text, day: text, calls: z.array(call), lost: count.exactOptional() }),
} satisfies SchemasOf<UsageEvent>
