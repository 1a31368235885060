/** What of OpenAPI 3.1 this API uses: the shape of its own description. */

export type OpenApiDocument = Readonly<{
  openapi: '3.1.0'
  info: Readonly<{ title: string; version: string; description: string; license: Readonly<{ name: string; identifier: string }> }>
  servers: readonly Readonly<{ url: string }>[]
  tags: readonly Readonly<{ name: string }>[]
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  components: Components & Readonly<{ securitySchemes: JsonSchema }>
}>

/** What operations share: schemas with a name, and the error answers that many have alike. */
export type Components = Readonly<{ schemas: Record<string, JsonSchema>; responses: Record<string, JsonSchema> }>

export type Operation = Readonly<{
  operationId: string
  tags: readonly string[]
  summary: string
  description?: string
  security: readonly JsonSchema[]
  parameters: readonly Parameter[]
  requestBody?: JsonSchema
  responses: Readonly<Record<string, JsonSchema>>
  'x-permission': string
  'x-alias-of'?: string
}>

export type Parameter = Readonly<{
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonSchema
}>
export type JsonSchema = { readonly [member: string]: unknown }
