/** Another path to a canonical route: it translates what goes in and what comes out, and the canonical handler does the work. */
import type { z } from 'zod'
import type { Context } from '../context.ts'
import {
  type AnswerFacts,
  defineRoute,
  type Fields,
  type RequestOf,
  type Route,
  type RouteFacts,
  type TypedRoute,
} from '../define-route.ts'
import { type FieldNames, namingFields } from './given.ts'

export type AliasSpec<P extends Fields, Q extends Fields, B extends z.ZodType, A extends z.ZodType, CanonicalRequest, CanonicalJson> = Pick<
  RouteFacts,
  'path' | 'operation' | 'tag' | 'summary' | 'description'
> &
  Readonly<{
    /** Default: as the canonical route. */
    ifMatch?: 'optional'
    params: P
    query: Q
    body: B
    answer: AnswerFacts<A>
    /** What the document calls the canonical fields of the body, for what is said to be wrong with them. */
    fields?: FieldNames
    request: (request: RequestOf<P, Q, B>, context: Context) => Promise<CanonicalRequest>
    reply: (json: CanonicalJson, request: RequestOf<P, Q, B>, context: Context) => z.input<A> | Promise<z.input<A>>
  }>

/** Permission, rate class and refusals are those of the canonical route. */
export function defineAlias<
  CP extends Fields,
  CQ extends Fields,
  CB extends z.ZodType,
  CA extends z.ZodType,
  P extends Fields,
  Q extends Fields,
  B extends z.ZodType,
  A extends z.ZodType,
>(
  canonical: TypedRoute<CP, CQ, CB, CA>,
  { request: translate, reply: translateBack, ifMatch, fields = {}, ...spec }: AliasSpec<P, Q, B, A, RequestOf<CP, CQ, CB>, z.input<CA>>,
): Route {
  const { method, permission, kind, rateClass, refusals } = canonical
  return defineRoute({
    ...spec,
    method,
    permission,
    kind,
    rateClass,
    refusals,
    ...(canonical.ifMatch === undefined || ifMatch === 'optional' ? {} : { ifMatch: canonical.ifMatch }),
    aliasOf: canonical.operation,
    async handle(request, context) {
      const translated = await translate(request, context)
      const reply = await namingFields(fields, () => canonical.handle(translated, context))
      return { ...reply, json: await translateBack(reply.json, request, context) }
    },
  })
}
