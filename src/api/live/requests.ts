/** What a client may say on a live connection. */
import { z } from 'zod'
import { channels } from './channels.ts'
import { parsePlace } from './frames.ts'

const wanted = z.array(z.enum(channels)).min(1).max(channels.length)
const place = z
  .string()
  .refine((text) => parsePlace(text) !== undefined, 'must be the `resume` of a message')
  .transform((text) => parsePlace(text))

const request = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('subscribe'), channels: wanted, resume_from: place.optional() }),
  z.strictObject({ type: z.literal('unsubscribe'), channels: wanted }),
  z.strictObject({ type: z.literal('ping') }),
])
export type LiveRequest = z.output<typeof request>

/** What was said, or which field breaks which rule. */
export function readRequest(text: string): Readonly<{ request: LiveRequest }> | Readonly<{ broken: string }> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { broken: 'the message is not JSON' }
  }
  const parsed = request.safeParse(json)
  if (parsed.success) return { request: parsed.data }
  return {
    broken: parsed.error.issues.map(({ path, message }) => `${path.length === 0 ? 'the message' : path.join('.')}: ${message}`).join('; '),
  }
}
