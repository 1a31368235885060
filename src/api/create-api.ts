/**
 * Puts the API together. Every request takes the same way: ids, key, permission, rate, checked input, handler, answer; whatever is thrown on
 * it becomes one envelope, one line in the log and one count. One function instead of a chain of middlewares: each link would cost.
 */
import { Hono, type Context as HonoContext } from 'hono'
import { canonicalJson } from '../domain/canonical-json.ts'
import { once } from '../domain/once.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Hash } from '../domain/ports/hash.ts'
import type { Ids } from '../domain/ports/ids.ts'
import type { Json } from '../domain/ports/json.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import { ApiError, errorAnswer } from './api-error.ts'
import type { Application } from './application.ts'
import { type Authenticate, createAuthenticate, type KeyIndex, type Principal } from './authenticate.ts'
import type { Context } from './context.ts'
import type { RawCall, Route } from './define-route.ts'
import { createEventFeeds, type FeedLimits, type FeedMetric } from './event-feed.ts'
import { type Exchange, expectedRevision, idempotencyKey, openExchange } from './exchange.ts'
import { describe } from './openapi.ts'
import type { CommandMeta } from './operator-commands.ts'
import { mayDo } from './permissions.ts'
import { createRateLimiter, defaultRateLimits, type RateClass, type RateLimit, type RateLimiter } from './rate-limits.ts'
import { type BodyLimits, defaultBodyLimits, readJsonBody } from './read-body.ts'
import { errorResponse, headOf, jsonResponse, streamResponse } from './respond.ts'
import { allRoutes } from './routes/index.ts'

export type ApiConfig = Readonly<{
  version: string
  /** Where callers find this API; default: where they asked. */
  publicUrl?: string
  /** SHA-256 of the administrator's key, in lower-case hexadecimal digits. */
  adminKeySha256?: string
  /** Whether /metrics answers without a key. Default: no. */
  publicMetrics?: boolean
  /** Default: `defaultRateLimits`. */
  rateLimits?: Readonly<Record<RateClass, RateLimit>>
  bodyLimits?: BodyLimits
  feedLimits?: FeedLimits
}>

export type ApiMetric = FeedMetric | 'steward_http_requests_total' | 'steward_http_request_seconds'

export type ApiParts = Readonly<{
  application: Application
  config: ApiConfig
  logger: Logger
  metrics: Metrics<ApiMetric>
  clock: Clock
  ids: Ids
  hash: Hash
  /** Keys of those who call managed servers: asked with every call. Default: the keys of everybody. */
  callers?: KeyIndex
}>

/** What the server tells of the connection. */
export type Bindings = { address?: string }
export type HonoApp = Hono<{ Bindings: Bindings }>

export type Api = Readonly<{
  app: HonoApp
  routes: readonly Route[]
  /** Who calls a managed server, by his key; or the answer that turns him away. For what does not come through `app`. */
  admitCaller: (authorization: string | undefined, address: string) => Promise<AdmittedCaller>
  /** From now on new requests are refused, except those that ask how it is; open streams end. */
  drain: () => void
}>

export type AdmittedCaller =
  | Readonly<{
      /** The id of the key. */
      principal: string
      expiresAtMs: number | undefined
      /** Whether the key is good still, and may call. */
      stillAllowed: () => Promise<boolean>
    }>
  | Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>

export function createApi({ application, config, logger, metrics, clock, ids, hash, callers }: ApiParts): Api {
  const routes = allRoutes({ publicMetrics: config.publicMetrics ?? false })
  const feeds = createEventFeeds({
    events: application.events,
    metrics,
    ...(config.feedLimits === undefined ? {} : { limits: config.feedLimits }),
  })
  let draining = false
  const context: Context = {
    ...application,
    hash,
    clock,
    feeds,
    // Made when somebody first asks: it takes longer than starting.
    document: once(() =>
      describe(routes, { version: config.version, ...(config.publicUrl === undefined ? {} : { url: config.publicUrl }) }),
    ),
    draining: () => draining,
  }
  const authenticate = createAuthenticate({ keys: application.queries.keys, hash, adminKeySha256: config.adminKeySha256 })
  const authenticateCaller = createAuthenticate({
    keys: callers ?? application.queries.keys,
    hash,
    adminKeySha256: config.adminKeySha256,
  })
  const limiter = createRateLimiter(config.rateLimits ?? defaultRateLimits)
  const bodyLimits = config.bodyLimits ?? defaultBodyLimits
  const app: HonoApp = new Hono<{ Bindings: Bindings }>()

  async function serve(
    c: HonoContext<{ Bindings: Bindings }>,
    pattern: string,
    work: (visit: Visit) => Promise<Response>,
  ): Promise<Response> {
    const startedMs = performance.now()
    const request = c.req.raw
    const exchange = openExchange(request, { address: c.env?.address ?? 'unknown', ids })
    const visit: Visit = { request, exchange, nowMs: Date.parse(clock.now()), principal: undefined }
    let response: Response
    try {
      response = await work(visit)
    } catch (error) {
      const answer = errorAnswer(error)
      if (answer.unexpected) logger.error({ ...idsOf(exchange), route: pattern, error }, 'a request failed')
      response = errorResponse(exchange, answer, clock.now())
    }
    const durationMs = performance.now() - startedMs
    const labels = { method: request.method, route: pattern }
    metrics.count('steward_http_requests_total', { ...labels, status: String(response.status) })
    metrics.observe('steward_http_request_seconds', durationMs / 1_000, labels)
    const line = { ...idsOf(exchange), ...labels, status: response.status, durationMs: Math.round(durationMs * 10) / 10 }
    logger[visit.principal === undefined && response.status < 400 ? 'debug' : 'info'](
      { ...line, actor: visit.principal?.keyId, address: exchange.address },
      'request',
    )
    return response
  }

  async function answer(route: Route, params: Readonly<Record<string, string>>, visit: Visit): Promise<Response> {
    const { request, exchange } = visit
    if (draining && route.permission !== 'public')
      throw new ApiError('shutting-down', { headers: { connection: 'close', 'retry-after': '1' } })
    const principal = await admit(route, visit, { authenticate, limiter, clock })
    visit.principal = principal
    const result = await route.run(callOf({ route, params, request, exchange, principal }), context)
    const response = result.kind === 'stream' ? streamResponse(exchange, result.response) : jsonResponse(exchange, result)
    return request.method === 'HEAD' ? headOf(response) : response
  }

  function callOf({ route, params, request, exchange, principal }: CallParts): RawCall {
    const authorization = request.headers.get('authorization')
    return {
      params,
      query: request.url.includes('?') ? new URL(request.url).searchParams : NO_QUERY,
      body: async () => (route.method === 'GET' ? undefined : readJsonBody(request, bodyLimits)),
      caller: {
        principal,
        // Asked for only by what streams: reading it makes the server watch the connection.
        get signal() {
          return request.signal
        },
        requestId: exchange.requestId,
        lastEventId: request.headers.get('last-event-id') ?? undefined,
        stillAllowed: () => stillAllowed(route.permission, authorization),
      },
      meta: (asked) =>
        route.kind === 'query' || principal === undefined ? NO_COMMAND : commandMeta({ route, request, exchange, principal, asked }),
    }
  }

  function commandMeta({
    route,
    request,
    exchange,
    principal,
    asked,
  }: Omit<CallParts, 'params' | 'principal'> & { principal: Principal; asked: Json }) {
    const key = idempotencyKey(request)
    const revision = expectedRevision(request, route.ifMatch === 'required')
    const { correlationId, traceparent } = exchange
    const meta: CommandMeta = {
      actor: principal.keyId,
      owner: principal.owner,
      commandId: key === undefined ? ids.fresh() : ids.derived('idempotency-key', principal.keyId, key),
      correlationId,
      ...(traceparent === undefined ? {} : { traceparent }),
      bodyHash: hash.sha256(canonicalJson(asked)),
      ...(revision === undefined ? {} : { expectedRevision: revision }),
    }
    return meta
  }

  async function stillAllowed(permission: Route['permission'], authorization: string | null): Promise<boolean> {
    try {
      const { role } = await authenticate(authorization, clock.now())
      return permission === 'public' || mayDo(role, permission)
    } catch (error) {
      if (error instanceof ApiError) return false
      throw error
    }
  }

  for (const route of routes) {
    app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      serve(c, route.path, (visit) => answer(route, c.req.param(), visit)),
    )
  }
  const methodsAt = methodIndex(routes)
  app.notFound((c) =>
    serve(c, 'none', async (visit) => {
      // Without a key nobody learns which paths exist.
      visit.principal = await keyed(visit, { authenticate, limiter, clock })
      const allowed = methodsAt(c.req.path)
      if (allowed.length === 0) throw new ApiError('not-found')
      const headers = { allow: allowed.join(', ') }
      if (visit.request.method === 'OPTIONS') return streamResponse(visit.exchange, new Response(null, { status: 204, headers }))
      throw new ApiError('method-not-allowed', { headers })
    }),
  )

  return {
    app,
    routes,
    async admitCaller(authorization, address) {
      const now = clock.now()
      try {
        if (draining) throw new ApiError('shutting-down', { headers: { connection: 'close', 'retry-after': '1' } })
        const principal = await authenticateCaller(authorization ?? null, now).catch((error: unknown) => {
          if (error instanceof ApiError) limiter.take(address, 'refused', Date.parse(now))
          throw error
        })
        if (!mayDo(principal.role, CALLS)) throw new ApiError('forbidden', { details: { needs: CALLS } })
        const { keyId, expiresAt } = principal
        return {
          principal: keyId,
          expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt),
          stillAllowed: () => stillAllowed(CALLS, authorization ?? null),
        }
      } catch (error) {
        const { status, code, message, headers } = errorAnswer(error)
        return { status, headers, body: JSON.stringify({ error: { code, message, timestamp: now } }) }
      }
    },
    drain() {
      draining = true
      feeds.close()
    },
  }
}

/** One request on its way. */
type Visit = { readonly request: Request; readonly exchange: Exchange; readonly nowMs: number; principal: Principal | undefined }
type CallParts = Readonly<{
  route: Route
  params: Readonly<Record<string, string>>
  request: Request
  exchange: Exchange
  principal: Principal | undefined
}>
type Guards = Readonly<{ authenticate: Authenticate; limiter: RateLimiter; clock: Clock }>

/** What a caller of managed servers needs. */
const CALLS = 'mcp:call_tools'

const NO_QUERY = new URLSearchParams()
/** A query is no attempt: it is recorded nowhere. */
const NO_COMMAND: CommandMeta = Object.freeze({ actor: '', owner: '', commandId: '', correlationId: '', bodyHash: '' })

const idsOf = ({ requestId, correlationId }: Exchange) => ({ requestId, correlationId })

async function admit(route: Route, visit: Visit, guards: Guards): Promise<Principal | undefined> {
  if (route.permission === 'public') {
    guards.limiter.take(visit.exchange.address, 'public', visit.nowMs)
    return undefined
  }
  const principal = await keyed(visit, guards)
  visit.principal = principal
  guards.limiter.take(principal.keyId, route.rateClass, visit.nowMs)
  if (!mayDo(principal.role, route.permission)) throw new ApiError('forbidden', { details: { needs: route.permission } })
  return principal
}

async function keyed({ request, exchange, nowMs }: Visit, { authenticate, limiter, clock }: Guards): Promise<Principal> {
  try {
    return await authenticate(request.headers.get('authorization'), clock.now())
  } catch (error) {
    // Only refusals are counted by address, so that a stranger behind the same address cannot shut out who has a key.
    if (error instanceof ApiError) limiter.take(exchange.address, 'refused', nowMs)
    throw error
  }
}

function methodIndex(routes: readonly Route[]): (path: string) => readonly string[] {
  const patterns = routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  return (path) => {
    const methods = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (methods.length === 0) return []
    return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))), 'OPTIONS']
  }
}
