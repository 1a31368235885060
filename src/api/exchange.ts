/**
 * What every request carries besides its own matter: ids to join it with logs and events, who calls from where, and in which form errors are
 * wanted. Ids given by the caller are taken only when they are harmless to print.
 */
import type { Ids } from '../domain/ports/ids.ts'
import { ApiError } from './api-error.ts'

export type Exchange = Readonly<{
  requestId: string
  correlationId: string
  traceparent: string | undefined
  /** Address of the peer; 'unknown' without a socket. */
  address: string
  wantsProblem: boolean
}>

const HARMLESS_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00; all-zero ids are invalid. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

export function openExchange(request: Request, { address, ids }: { address: string; ids: Ids }): Exchange {
  const fresh = ids.fresh()
  const { headers } = request
  const traceparent = headers.get('traceparent')
  return {
    requestId: harmless(headers.get('x-request-id')) ?? fresh,
    correlationId: harmless(headers.get('x-correlation-id')) ?? fresh,
    traceparent: traceparent !== null && TRACEPARENT.test(traceparent) ? traceparent : undefined,
    address,
    wantsProblem: headers.get('accept')?.includes('application/problem+json') ?? false,
  }
}

const harmless = (id: string | null): string | undefined => (id !== null && HARMLESS_ID.test(id) ? id : undefined)

/** Visible ASCII, so that it can stand in an event and in a log. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** @throws ApiError `invalid-header` */
export function idempotencyKey(request: Request): string | undefined {
  const key = request.headers.get('idempotency-key')
  if (key === null) return undefined
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new ApiError('invalid-header', { details: { header: 'Idempotency-Key', rule: '1 to 255 visible ASCII characters' } })
  }
  return key
}

const ETAG = /^"(\d{1,19})"$/

/**
 * The revision of `If-Match`; undefined when there is no such header or it is `*`: whatever it is now.
 * @throws ApiError `invalid-header`; `precondition-required` when it is required and missing.
 */
export function expectedRevision(request: Request, required: boolean): bigint | undefined {
  const value = request.headers.get('if-match')
  if (value === null) {
    if (required) throw new ApiError('precondition-required')
    return undefined
  }
  if (value.trim() === '*') return undefined
  const revision = ETAG.exec(value.trim())?.[1]
  if (revision === undefined) {
    throw new ApiError('invalid-header', { details: { header: 'If-Match', rule: 'one strong ETag as this API gives them, or *' } })
  }
  return BigInt(revision)
}

export const etagOf = (revision: bigint): string => `"${revision}"`
