/** What an error of the SDK means: whether the question may be repeated, when, and what to call it if not. */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk'
import { z } from 'zod'
import { redactSecrets } from '../../domain/analysis/redact.ts'
import type { AnalystFailed } from '../../domain/ports/language-model.ts'

export type Failure = Readonly<{
  rule: AnalystFailed['rule']
  says: string
  /** Whether the same question may be sent again. Whatever is not here is not repeated. */
  mayRetry: boolean
  /** How long the service asked us to wait. */
  retryAfterMs?: number
}>

export function failureOf(error: unknown): Failure {
  if (error instanceof APIConnectionTimeoutError) return { rule: 'timeout', says: 'no answer in time', mayRetry: false }
  if (error instanceof APIConnectionError) return { rule: 'unavailable', says: 'the service could not be reached', mayRetry: true }
  if (error instanceof APIError && typeof error.status === 'number') return ofStatus(error.status, error)
  // Not the service's refusal but an answer that the SDK could not read: a proxy's page, half a body.
  return { rule: 'malformed', says: 'the response could not be read', mayRetry: false }
}

function ofStatus(status: number, error: APIError): Failure {
  const retryAfterMs = retryAfter(error.headers)
  const says = wordsOf(status, error, retryAfterMs)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (status === 401 || status === 403) return { rule: 'unauthorised', says, mayRetry: false }
  if (status === 429) return { rule: 'rate-limited', says, mayRetry: true, ...wait }
  // 529 is the service's own word for overloaded; 408 and 409 are momentary by definition.
  if (status >= 500 || status === 408 || status === 409) return { rule: 'unavailable', says, mayRetry: true, ...wait }
  return { rule: 'unavailable', says, mayRetry: false }
}

/** What happened, which request it was for whoever asks the vendor, and the service's own reason: only that tells a used-up budget from a wrong model. */
function wordsOf(status: number, { type, requestID, error }: APIError, retryAfterMs: number | undefined): string {
  const named = [type, requestID == null ? null : `request ${requestID}`].filter((each) => each !== null).join(', ')
  const reason = errorBody.safeParse(error).data?.error.message ?? ''
  return [
    `the service answered ${status}${named === '' ? '' : ` (${named})`}`,
    ...(retryAfterMs === undefined ? [] : [` and asks to wait ${Math.ceil(retryAfterMs / 1_000)} s`]),
    ...(reason === '' ? [] : [`: ${redactSecrets(reason).slice(0, REASON_LIMIT)}`]),
  ].join('')
}

const errorBody = z.object({ error: z.object({ message: z.string() }) })
const REASON_LIMIT = 300

/** `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110 section 10.2.3). */
function retryAfter(headers: Headers | undefined): number | undefined {
  const ms = headers?.get('retry-after-ms')
  if (ms && Number.isFinite(Number(ms))) return Math.max(0, Number(ms))
  const text = headers?.get('retry-after')
  if (!text) return undefined
  const seconds = Number(text)
  const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - Date.parse(headers?.get('date') ?? '')
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}
