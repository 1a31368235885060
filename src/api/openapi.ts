/**
 * The OpenAPI 3.1 document, made from the routes by zod's own JSON Schema: what is checked is what is documented. Made once; the same routes
 * give the same text.
 */
import { z } from 'zod'
import type { Route } from './define-route.ts'
import type { Components, JsonSchema, OpenApiDocument, Operation, Parameter } from './openapi-document.ts'
import { type RefusalRule, refusalOf } from './refusals.ts'

export function describe(routes: readonly Route[], { version, url = '/' }: { version: string; url?: string }): OpenApiDocument {
  const components: Components = { schemas: { Error: errorSchema, Problem: problemSchema }, responses: {} }
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) {
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = operationOf(route, components)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'MCP Steward',
      version,
      description:
        'Every command is an event. Commands take an Idempotency-Key and answer with the position of their last event; queries take min_position to wait for it.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { ...components, securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key of this service.' } } },
  }
}

function operationOf(route: Route, components: Components): Operation {
  const { schemas } = components
  const body = route.method === 'GET' ? undefined : schemaOf(route.body, schemas)
  const hasBody = body !== undefined && Object.keys(record(body['properties'])).length > 0
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    security: route.permission === 'public' ? [] : [{ key: [] }],
    parameters: [
      ...parametersOf('path', schemaOf(route.params, schemas)),
      ...parametersOf('query', schemaOf(route.query, schemas)),
      ...headersOf(route),
    ],
    ...(hasBody ? { requestBody: { required: list(body['required']).length > 0, content: { 'application/json': { schema: body } } } } : {}),
    responses: responsesOf(route, components),
    'x-permission': route.permission,
    ...(route.aliasOf === undefined ? {} : { 'x-alias-of': route.aliasOf }),
  }
}

function parametersOf(place: 'path' | 'query', schema: JsonSchema): Parameter[] {
  const required = list(schema['required'])
  return Object.entries(record(schema['properties'])).map(([name, property]) => {
    const { description, ...rest } = record(property)
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(typeof description === 'string' ? { description } : {}),
      schema: rest,
    }
  })
}

function headersOf(route: Route): Parameter[] {
  const text = { type: 'string' }
  const headers: Parameter[] = []
  if (route.kind === 'command') {
    headers.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'The same key with the same request answers with the first outcome; nothing is done twice.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    })
  }
  if (route.method === 'PUT' || route.method === 'PATCH' || route.method === 'DELETE') {
    headers.push({
      name: 'If-Match',
      in: 'header',
      required: route.ifMatch === 'required',
      description: 'The ETag that you saw, or * for whatever it is now.',
      schema: text,
    })
  }
  if (route.answer.mediaTypes?.includes('text/event-stream')) {
    headers.push({ name: 'Last-Event-ID', in: 'header', required: false, description: 'Go on behind this position.', schema: text })
  }
  return headers
}

/** What any route may answer, besides its own refusals. */
const usual: readonly RefusalRule[] = ['rate-limited', 'internal-error', 'shutting-down']
const usualOfKeyed: readonly RefusalRule[] = ['unauthenticated', 'forbidden']
const usualOfCommands: readonly RefusalRule[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'validation-failed',
  'idempotency-mismatch',
  'command-in-progress',
  'concurrency-conflict',
  'store-unavailable',
  'outcome-unknown',
]

/** Every rule by which a route may refuse. */
export const refusalsOf = (route: Route): readonly RefusalRule[] => [
  ...new Set([
    ...usual,
    ...(route.permission === 'public' ? [] : usualOfKeyed),
    ...(route.kind === 'command' ? usualOfCommands : []),
    ...(Object.keys(route.query.shape).length > 0 ? (['validation-failed'] as const) : []),
    ...('min_position' in route.query.shape ? (['projection-lagging'] as const) : []),
    ...(route.path.includes('{') ? (['not-found'] as const) : []),
    ...route.refusals,
  ]),
]

function responsesOf(route: Route, { schemas, responses: shared }: Components): Record<string, JsonSchema> {
  const { status, schema, example, also = [], mediaTypes = ['application/json'] } = route.answer
  const isBinary = mediaTypes.some((type) => type !== 'application/json')
  const content = Object.fromEntries(
    mediaTypes.map((type) => [
      type,
      isBinary ? { schema: { type: 'string', description: `Holds: ${route.summary}` } } : { schema: schemaOf(schema, schemas), example },
    ]),
  )
  const responses: Record<string, JsonSchema> = { [status]: { description: isBinary ? 'A stream.' : 'Done.', content } }
  for (const other of also) responses[other] = { description: 'Not now.', content }
  for (const [code, rules] of Map.groupBy(refusalsOf(route), (rule) => refusalOf(rule).status)) {
    const name = rules.map((rule) => refusalOf(rule).code).join('.')
    shared[name] ??= errorOf(rules)
    responses[code] ??= { $ref: `#/components/responses/${name}` }
  }
  return responses
}

function errorOf(rules: readonly RefusalRule[]): JsonSchema {
  const lines = rules.map((rule) => `${refusalOf(rule).code}: ${refusalOf(rule).message}`)
  const error = { schema: { $ref: '#/components/schemas/Error' } }
  const problem = { schema: { $ref: '#/components/schemas/Problem' } }
  return { description: lines.join('\n'), content: { 'application/json': error, 'application/problem+json': problem } }
}

/** The JSON Schema of what is sent or received; schemas with an id move to the components. */
function schemaOf(schema: z.ZodType, schemas: Record<string, JsonSchema>): JsonSchema {
  const { $schema: _, $defs, ...own } = record(z.toJSONSchema(schema, { io: 'input', unrepresentable: representable, override: tidied }))
  for (const [id, definition] of Object.entries(record($defs))) {
    const { id: _id, ...rest } = record(definition)
    schemas[id] = record(relinked(rest))
  }
  const { id, ...rest } = own
  if (typeof id === 'string') {
    schemas[id] = record(relinked(rest))
    return { $ref: `#/components/schemas/${id}` }
  }
  return record(relinked(rest))
}

/** The one kind of value that zod cannot describe by itself here: references to secrets, checked by a function of the domain. */
const representable = (): JsonSchema => ({ type: 'string', description: 'file:<path> or env:<NAME>' })

/**
 * Leaves out what says nothing to a reader - the pattern behind a named format, the bounds of safe integers, `readonly` of TypeScript - and
 * puts back the default that zod withholds where the text of a query becomes a number.
 */
function tidied({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  delete jsonSchema.readOnly
  const { def } = zodSchema._zod
  if (def.type === 'default' && typeof def.defaultValue === 'number') jsonSchema.default = def.defaultValue
}

function relinked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relinked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === '$ref' && typeof member === 'string' ? member.replace('#/$defs/', '#/components/schemas/') : relinked(member),
    ]),
  )
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const errorSchema: JsonSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'timestamp', 'request_id'],
      properties: {
        code: { type: 'string', description: 'The rule, in UPPER_SNAKE.' },
        message: { type: 'string' },
        details: { type: 'object', description: 'Facts that a person needs; for VALIDATION_FAILED `issues`, each with field and rule.' },
        timestamp: { type: 'string', format: 'date-time' },
        request_id: { type: 'string' },
        correlation_id: { type: 'string' },
      },
    },
  },
}

const problemSchema: JsonSchema = {
  type: 'object',
  description: 'RFC 9457, when application/problem+json is accepted.',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    details: { type: 'object' },
    timestamp: { type: 'string', format: 'date-time' },
    request_id: { type: 'string' },
    correlation_id: { type: 'string' },
  },
}
