/**
 * A route is data: where it is, who may use it, what goes in, what comes out, what it may refuse. Without a permission it does not
 * type-check. The types of parameters, query, body and answer end here, so that one list can hold every route without a cast.
 */
import type { z } from 'zod'
import type { Json } from '../domain/ports/json.ts'
import type { Principal } from './authenticate.ts'
import type { Context } from './context.ts'
import type { CommandMeta } from './operator-commands.ts'
import type { Permission } from './permissions.ts'
import type { RateClass } from './rate-limits.ts'
import type { RefusalRule } from './refusals.ts'
import { none } from './schemas/common.ts'
import { checked, once, withoutNul } from './validate.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Fields = z.ZodObject

/** What documents, tests and the registry read of a route. */
export type RouteFacts = Readonly<{
  method: Method
  /** Parameters in braces, as OpenAPI writes them. */
  path: `/${string}`
  /** Unique, e.g. 'targets.pause': operationId, and the name under which a command is recorded. */
  operation: string
  tag: string
  summary: string
  description?: string
  permission: Permission | 'public'
  kind: 'query' | 'command'
  rateClass: RateClass
  /** Whether `If-Match` must be there. */
  ifMatch?: 'required'
  refusals: readonly RefusalRule[]
  /** The operation whose handler serves this path too. */
  aliasOf?: string
}>

export type AnswerFacts<A extends z.ZodType> = Readonly<{
  status: 200 | 201 | 202
  schema: A
  example: z.input<A>
  /** Further statuses with the same body, e.g. 503 of a health check. */
  also?: readonly 503[]
}>

export type RouteSpec<P extends Fields, Q extends Fields, B extends z.ZodType, A extends z.ZodType> = RouteFacts &
  Readonly<{
    params: P
    query: Q
    body: B
    answer: AnswerFacts<A>
    handle: (request: RequestOf<P, Q, B>, context: Context) => Promise<Reply<z.input<A>>>
  }>

export type RequestOf<P extends Fields, Q extends Fields, B extends z.ZodType> = Readonly<{
  params: z.output<P>
  query: z.output<Q>
  body: z.output<B>
  caller: Caller
  /** How this request is recorded, should it be a command. */
  meta: CommandMeta
}>

/** Who asks, and until when an answer is of use. */
export type Caller = Readonly<{
  /** Undefined on public routes only. */
  principal: Principal | undefined
  signal: AbortSignal
  requestId: string
  lastEventId: string | undefined
  /** Asks again whether the key that opened a stream may still have it. */
  stillAllowed: () => Promise<boolean>
}>

export type Reply<Body> = Readonly<{
  json: Body
  /** Becomes the ETag. */
  revision?: bigint | undefined
  /** The read model that answered is complete up to here; for answers without a field of their own. */
  position?: bigint
  location?: string
  status?: 200 | 201 | 202 | 503
}>

/** A request as it arrives at a route: nothing of it is checked yet. */
export type RawCall = Readonly<{
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  body: () => Promise<Json | undefined>
  caller: Caller
  /** Names the attempt, once it is known what is asked. */
  meta: (asked: Json) => CommandMeta
}>

export type RouteAnswer =
  | Readonly<{ kind: 'json'; reply: Reply<unknown>; status: number }>
  | Readonly<{ kind: 'stream'; response: Response }>

/** A route among others: its types are behind `run`. */
export type Route = RouteFacts &
  Readonly<{
    params: Fields
    query: Fields
    body: z.ZodType
    answer: Readonly<{
      status: 200 | 201 | 202
      schema: z.ZodType
      example: unknown
      also?: readonly 503[]
      /** What is streamed instead of application/json. */
      mediaTypes?: readonly string[]
    }>
    run: (call: RawCall, context: Context) => Promise<RouteAnswer>
  }>

/** A route that keeps its types, for whoever serves it under another path too. */
export type TypedRoute<P extends Fields, Q extends Fields, B extends z.ZodType, A extends z.ZodType> = Route & RouteSpec<P, Q, B, A>

export const defineRoute = <P extends Fields, Q extends Fields, B extends z.ZodType, A extends z.ZodType>(
  spec: RouteSpec<P, Q, B, A>,
): TypedRoute<P, Q, B, A> => ({
  ...spec,
  async run(call, context) {
    const reply = await spec.handle(await check(spec, call), context)
    return { kind: 'json', reply, status: reply.status ?? spec.answer.status }
  },
})

/** A route that answers with a body of its own making: an export, a live feed, a page. */
export const defineStream = <P extends Fields, Q extends Fields>(
  spec: RouteFacts &
    Readonly<{
      params: P
      query: Q
      answer: Readonly<{ status: 200; schema: z.ZodType; example: unknown; mediaTypes: readonly string[] }>
      handle: (request: RequestOf<P, Q, typeof none>, context: Context) => Promise<Response>
    }>,
): Route => ({
  ...spec,
  body: none,
  async run(call, context) {
    return { kind: 'stream', response: await spec.handle(await check({ ...spec, body: none }, call), context) }
  },
})

async function check<P extends Fields, Q extends Fields, B extends z.ZodType>(
  spec: Readonly<{ operation: string; aliasOf?: string; params: P; query: Q; body: B }>,
  call: RawCall,
): Promise<RequestOf<P, Q, B>> {
  const asked = once(call.query)
  withoutNul(call.params, asked)
  const params = checked('path', spec.params, call.params)
  const query = checked('query', spec.query, asked)
  const received = await call.body()
  // No body is an empty one; `null` is not.
  const sent = received === undefined ? {} : received
  const body = checked('body', spec.body, sent)
  const meta = call.meta({ operation: spec.aliasOf ?? spec.operation, params: call.params, body: sent })
  return { params, query, body, caller: call.caller, meta }
}
