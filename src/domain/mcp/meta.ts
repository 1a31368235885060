/** The reserved names below `_meta`, and how they are read. */
import type { Json, JsonObject } from '../ports/json.ts'

export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  server: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const

const OF_THE_ENVELOPE: ReadonlySet<string> = new Set([META.version, META.client, META.capabilities, META.logLevel])

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const paramsOf = (value: JsonObject): JsonObject => (isObject(value['params']) ? value['params'] : {})
export const metaOf = (params: JsonObject): JsonObject => (isObject(params['_meta']) ? params['_meta'] : {})

/** Without what only the stateless era says with each request. */
export function withoutEnvelope(params: JsonObject): JsonObject {
  if (!isObject(params['_meta'])) return params
  const { _meta: meta, ...rest } = params
  const kept = Object.entries(meta).filter(([key]) => !OF_THE_ENVELOPE.has(key))
  return kept.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(kept) }
}

export type Envelope = Readonly<{ version: string; client: JsonObject | undefined; capabilities: JsonObject; logLevel?: string }>

export function withEnvelope(params: JsonObject, { version, client, capabilities, logLevel }: Envelope): JsonObject {
  return {
    ...params,
    _meta: {
      ...metaOf(params),
      [META.version]: version,
      ...(client === undefined ? {} : { [META.client]: client }),
      [META.capabilities]: capabilities,
      ...(logLevel === undefined ? {} : { [META.logLevel]: logLevel }),
    },
  }
}
