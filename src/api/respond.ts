/** Makes responses: the same protective headers on every one, errors in the one envelope or as a problem (RFC 9457). */
import type { Instant } from '../domain/instant.ts'
import type { ErrorAnswer } from './api-error.ts'
import type { Reply } from './define-route.ts'
import { type Exchange, etagOf } from './exchange.ts'

/** For an API nothing may be loaded, framed, sniffed or kept. Pages bring a policy of their own. */
const protective: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

const json = 'application/json; charset=utf-8'
const problem = 'application/problem+json; charset=utf-8'

/** `If-None-Match` is not looked at: what a thing shows can change while its stream, whose revision is the ETag, does not. */
export function jsonResponse(exchange: Exchange, { reply, status }: { reply: Reply<unknown>; status: number }): Response {
  const { revision, position, location } = reply
  const headers: Record<string, string> = {
    ...protective,
    'content-type': json,
    'cache-control': 'no-store',
    'x-request-id': exchange.requestId,
  }
  if (position !== undefined) headers['steward-position'] = String(position)
  if (location !== undefined) headers['location'] = location
  if (revision !== undefined) headers['etag'] = etagOf(revision)
  return new Response(JSON.stringify(reply.json), { status, headers })
}

export function streamResponse(exchange: Exchange, response: Response): Response {
  for (const [name, value] of Object.entries(protective)) if (!response.headers.has(name)) response.headers.set(name, value)
  response.headers.set('x-request-id', exchange.requestId)
  return response
}

/** Only what the answer would be like: nothing is read for it, and no feed stays open. */
export async function headOf(response: Response): Promise<Response> {
  await response.body?.cancel()
  return new Response(null, response)
}

export function errorResponse(exchange: Exchange, { status, code, message, details, headers }: ErrorAnswer, timestamp: Instant): Response {
  const { requestId: request_id, correlationId: correlation_id, wantsProblem } = exchange
  const more = { ...(details === undefined ? {} : { details }), timestamp, request_id, correlation_id }
  const body = wantsProblem ? { type: 'about:blank', title: message, status, code, ...more } : { error: { code, message, ...more } }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...protective,
      'content-type': wantsProblem ? problem : json,
      'cache-control': 'no-store',
      'x-request-id': request_id,
      ...headers,
    },
  })
}
