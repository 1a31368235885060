/**
 * The API as the command line uses it. A command is sent with one Idempotency-Key until its outcome is known: a connection that breaks, or an
 * answer that says "unknown", leads to the same request again, never to a second command.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiRefusal, causeOf, unreachable } from './api-refusal.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export type Answered<Body> = Readonly<{ body: Body; etag: string | undefined }>

export interface StewardClient {
  readonly url: string
  get<Body>(path: string, query?: Query): Promise<Body>
  /** With its ETag, for a later `send` that must not overwrite what others did meanwhile. */
  see<Body>(path: string, query?: Query): Promise<Answered<Body>>
  send<Body>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, options?: SendOptions): Promise<Body>
  /** A body that is read as it comes. The caller ends it by the signal. */
  stream(path: string, options: StreamOptions): Promise<ReadableStream<Uint8Array>>
}

export type SendOptions = Readonly<{
  body?: unknown
  ifMatch?: string | undefined
  /** Default: a fresh one. */
  idempotencyKey?: string | undefined
}>

export type StreamOptions = Readonly<{ query?: Query; accept: string; lastEventId?: string | undefined; signal: AbortSignal }>

export type ClientOptions = Readonly<{
  url: string
  key: string | undefined
  signal: AbortSignal
  /** Told when something is tried again. */
  onRetry?: (says: string) => void
}>

/** Longer than any route takes: adding a host logs in to it. */
const ANSWER_WITHIN_MS = 60_000
const ATTEMPTS = 4
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

/** Codes after which the same request with the same key is the right next step. */
const worthRepeating: ReadonlySet<string> = new Set([
  'OUTCOME_UNKNOWN',
  'COMMAND_IN_PROGRESS',
  'STORE_UNAVAILABLE',
  'PROJECTION_LAGGING',
  'SHUTTING_DOWN',
  'RATE_LIMITED',
])

export function createClient({ url, key, signal, onRetry = () => undefined }: ClientOptions): StewardClient {
  const request = async (path: string, init: RequestInit, query: Query = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    return fetch(`${url}${path}${searchOf(query)}`, { ...init, headers, redirect: 'error' })
  }

  const once = async <Body>(path: string, init: RequestInit, query?: Query): Promise<Answered<Body>> => {
    const response = await request(path, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]) }, query)
    const text = await response.text()
    if (!response.ok) throw refusalOf(response, text, path)
    // The one place where an answer gets its type: it is that of the schema the service checked it with.
    return { body: parsed(text, response) as Body, etag: response.headers.get('etag') ?? undefined }
  }

  const repeated = async <Body>(attempt: () => Promise<Answered<Body>>): Promise<Answered<Body>> => {
    for (let pauseMs = FIRST_PAUSE_MS, tries = 1; ; tries += 1, pauseMs *= 2) {
      try {
        return await attempt()
      } catch (error) {
        signal.throwIfAborted()
        const again = tries < ATTEMPTS && isWorthRepeating(error)
        if (!again && error instanceof ApiRefusal) throw error
        if (!again) throw unreachable(url, error)
        onRetry(`${error instanceof ApiRefusal ? error.code : causeOf(error)}; trying again`)
        await delay(error instanceof ApiRefusal ? pauseAsked(error, pauseMs) : pauseMs, undefined, { signal })
      }
    }
  }

  const see = <Body>(path: string, query?: Query): Promise<Answered<Body>> => repeated(() => once<Body>(path, { method: 'GET' }, query))

  return {
    url,
    see,
    get: async <Body>(path: string, query?: Query) => (await see<Body>(path, query)).body,
    async send<Body>(method: string, path: string, { body, ifMatch, idempotencyKey = randomUUID() }: SendOptions = {}) {
      const headers: Record<string, string> = { 'idempotency-key': idempotencyKey }
      if (ifMatch !== undefined) headers['if-match'] = ifMatch
      if (body !== undefined) headers['content-type'] = 'application/json'
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      return (await repeated(() => once<Body>(path, init))).body
    },
    async stream(path, { query, accept, lastEventId, signal: ending }) {
      const headers: Record<string, string> = { accept, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) }
      let response: Response
      try {
        response = await request(path, { headers, signal: AbortSignal.any([signal, ending]) }, query)
      } catch (error) {
        throw signal.aborted || ending.aborted ? error : unreachable(url, error)
      }
      if (!response.ok) throw refusalOf(response, await response.text(), path)
      return response.body ?? new ReadableStream()
    },
  }
}

function searchOf(query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? '' : `?${search}`
}

/** A refused connection is an answer too: nobody is there, and waiting does not help. A broken one leaves the outcome open. */
function isWorthRepeating(error: unknown): boolean {
  if (error instanceof ApiRefusal) return worthRepeating.has(error.code)
  return /ECONNRESET|EPIPE|UND_ERR_SOCKET|other side closed|socket hang up/i.test(causeOf(error))
}

function pauseAsked({ details }: ApiRefusal, otherwiseMs: number): number {
  const seconds = Number(details['retryAfterSeconds'])
  return Math.min(Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : otherwiseMs, LONGEST_PAUSE_MS)
}

function parsed(text: string, response: Response): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiRefusal({
      status: response.status,
      code: 'NO_JSON',
      message: 'What answers there is not Steward: the answer is no JSON.',
      details: {},
      requestId: undefined,
    })
  }
}

/** Also for what is not Steward: a proxy, another program. */
function refusalOf(response: Response, text: string, path: string): ApiRefusal {
  const body = record(tryParse(text))
  const error = record(body['error'])
  const retryAfter = response.headers.get('retry-after')
  return new ApiRefusal({
    status: response.status,
    code: typeof error['code'] === 'string' ? error['code'] : `HTTP_${response.status}`,
    message: typeof error['message'] === 'string' ? error['message'] : `the answer was ${response.status} ${response.statusText}`,
    details: { ...record(error['details']), ...(retryAfter === null ? {} : { retryAfterSeconds: Number(retryAfter) }) },
    requestId: typeof error['request_id'] === 'string' ? error['request_id'] : undefined,
    path,
  })
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
