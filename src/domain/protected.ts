/**
 * Text that came from outside - a log line, a name, an error message - on its way into an event. What has the shape of a secret stays behind: a
 * database that logs the statement which set a password must not make the log of ours remember it for ever.
 * One type and one codec, so that encryption per subject can be added later without changing a single event.
 */
import { redactSecrets } from './analysis/redact.ts'

export type Protected = Readonly<{ text: string }>

/** Longest excerpt that an event keeps, in UTF-16 code units. The rest stays where it was read. */
export const PROTECTED_LIMIT = 4_000

/** Takes secrets out, then cuts at the limit, never in the middle of a surrogate pair, and says so. */
export function protect(raw: string, limit: number = PROTECTED_LIMIT): Protected {
  const text = redactSecrets(raw)
  if (text.length <= limit) return { text }
  const end = isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit
  return { text: `${text.slice(0, end)}…` }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
