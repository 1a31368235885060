/** The harness's own client of the HTTP API: nothing but fetch, JSON and a key. It knows the published shapes, and nothing of the product. */
import { z } from 'zod'

export type Answer = Readonly<{ status: number; body: unknown }>

export interface Api {
  get(path: string): Promise<Answer>
  post(path: string, body?: object): Promise<Answer>
  put(path: string, body: object): Promise<Answer>
  delete(path: string, body: object): Promise<Answer>
  /** The same service with another key. */
  as(key: string): Api
}

/** `url` is asked each time. */
export function createApi(url: () => string, key: string): Api {
  const send = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(new URL(path, url()), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        connection: 'close',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        // Whatever revision it has: nobody else works here.
        ...(method === 'PUT' || method === 'DELETE' ? { 'if-match': '*' } : {}),
      },
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path, body) => send('DELETE', path, body),
    as: (other) => createApi(url, other),
  }
}

/** The body of an answer that must be a success. */
export async function ok<Shape>(answer: Promise<Answer>, shape: z.ZodType<Shape>): Promise<Shape> {
  const { status, body } = await answer
  if (status < 200 || status > 299) throw new Error(`the API answered ${status}: ${JSON.stringify(body)}`)
  return shape.parse(body)
}

/** What a refusal says: its status, its code, the field that it blames, and more words where there are any. */
export async function refusal(answer: Promise<Answer>): Promise<Readonly<{ status: number; code: string; field: unknown; says: unknown }>> {
  const { status, body } = await answer
  if (status < 400) throw new Error(`not refused: ${JSON.stringify(body)}`)
  const { error } = z.object({ error: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()).optional() }) }).parse(body)
  return { status, code: error.code, field: error.details?.['field'], says: error.details?.['says'] }
}

/** `position`: a query with `min_position` sees what the command did. */
export const outcome = z.object({ id: z.string(), position: z.string() })

const plan = z.object({
  planHash: z.string(),
  risk: z.enum(['low', 'medium', 'high']),
  reversibility: z.string(),
  action: z.object({ id: z.string(), params: z.record(z.string(), z.unknown()) }),
  rollback: z.string(),
  files: z.array(z.object({ path: z.string(), sha256Before: z.string(), sha256After: z.string() })),
  diffs: z.array(z.object({ path: z.string(), diff: z.string() })),
  snapshot: z.array(z.string()),
})

export const incidentSummary = z.object({
  id: z.string(),
  state: z.string(),
  faultId: z.string().nullable(),
  targetId: z.string(),
  fingerprintId: z.string(),
  waitingFor: z.string().nullable(),
  outcome: z.string().nullable(),
  openedAt: z.string(),
})

export const incident = incidentSummary.extend({
  approvalId: z.string().nullable(),
  finding: z.string().nullable(),
  plan: plan.nullable(),
  authority: z.object({ kind: z.string() }).loose().nullable(),
  executionId: z.string().nullable(),
  steps: z.array(z.object({ executionId: z.string(), step: z.string(), outcome: z.string(), says: z.string().nullable() })),
  verification: z.object({ holds: z.boolean() }).nullable(),
  rollback: z.object({ provenAt: z.string().nullable() }).nullable(),
  escalation: z.object({ reason: z.string(), says: z.string() }).nullable(),
  timeline: z.array(z.object({ at: z.string(), type: z.string(), text: z.string() })),
})
export type Incident = Readonly<z.infer<typeof incident>>

export const target = z.object({
  id: z.string(),
  frozen: z.boolean(),
  visibility: z.string(),
  unseenReason: z.string().nullable(),
  baselineEntries: z.number(),
  baselineAt: z.string().nullable(),
  openIncidents: z.number(),
})
export type Target = Readonly<z.infer<typeof target>>

export const event = z.object({
  id: z.string(),
  type: z.string(),
  stream: z.string(),
  position: z.string(),
  recordedAt: z.string(),
  data: z.looseObject({}),
})
export type Event = Readonly<z.infer<typeof event>>

export const page = <Item>(item: z.ZodType<Item>) => z.object({ items: z.array(item), next_cursor: z.string().nullable() })
