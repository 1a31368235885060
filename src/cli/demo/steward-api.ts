/** Steward as the demo sees it: over HTTP with a key, like every other program. */
import type { z } from 'zod'
import type { event } from '../../api/schemas/event.ts'
import type { incident, incidentSummary } from '../../api/schemas/incident.ts'
import type { operation } from '../../api/schemas/operation.ts'
import type { preview } from '../../api/schemas/preview.ts'
import type { server } from '../../api/schemas/server.ts'
import type { target } from '../../api/schemas/target.ts'
import type { analytics } from '../../api/schemas/usage.ts'

export type Incident = z.output<typeof incident>
export type IncidentSummary = z.output<typeof incidentSummary>
export type Target = z.output<typeof target>
export type Operation = z.output<typeof operation>
export type ManagedServer = z.output<typeof server>
export type ServerPreview = z.output<typeof preview>
export type RecordedEvent = z.output<typeof event>
export type Usage = z.output<typeof analytics>
export type Page<Item> = Readonly<{ items: readonly Item[]; next_cursor: string | null; position: string }>
export type Accepted = Readonly<{ id: string; position: string; commandId: string }>

export interface StewardApi {
  get<Answer>(path: string, query?: Readonly<Record<string, string>>): Promise<Answer>
  post<Answer = Accepted>(path: string, body?: unknown): Promise<Answer>
  patch<Answer = Accepted>(path: string, body: unknown, options: Readonly<{ ifMatch: string }>): Promise<Answer>
}

/** Steward answered with an error. `details` as the catalogue of errors has them. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  constructor(facts: { request: string; code: string; message: string; details: Readonly<Record<string, unknown>> }) {
    const about = Object.keys(facts.details).length === 0 ? '' : ` ${JSON.stringify(facts.details)}`
    super(`${facts.request}: ${facts.code}: ${facts.message}${about}`)
    this.code = facts.code
    this.details = facts.details
  }
}

const ANSWER_WITHIN_MS = 30_000

export function createStewardApi({ url, key, signal }: { url: () => string; key: string; signal: AbortSignal }): StewardApi {
  const send = async <Answer>(method: 'GET' | 'POST' | 'PATCH', path: string, body: unknown, ifMatch?: string): Promise<Answer> => {
    const response = await fetch(new URL(path, url()), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw refusalOf(`${method} ${path}`, response.status, answer)
    return answer as Answer
  }
  return {
    get: (path, query = {}) => send('GET', `${path}${Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`}`, undefined),
    post: (path, body = {}) => send('POST', path, body),
    patch: (path, body, { ifMatch }) => send('PATCH', path, body, ifMatch),
  }
}

function refusalOf(request: string, status: number, answer: unknown): Refused {
  const error = isRecord(answer) && isRecord(answer['error']) ? answer['error'] : {}
  return new Refused({
    request,
    code: String(error['code'] ?? status),
    message: String(error['message'] ?? 'no message'),
    details: isRecord(error['details']) ? error['details'] : {},
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
