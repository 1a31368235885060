/**
 * PostgreSQL through the tunnel. Statements carry their values as parameters and run under `statement_timeout`, so that the server itself ends
 * what takes too long; our own timer is only for an answer that never comes.
 */
import pg from 'pg'
import type { Output } from '../../domain/catalogue/program.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { RemoteOutcomeUnknown, RemoteTimeout, type ServiceConnection, ServiceRefused } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import type { Tunnel } from './connection.ts'
import { loginFailure } from './service-failure.ts'
import type { ServiceProgram, ServiceSession } from './service-session.ts'
import type { Tuning } from './tuning.ts'
import { TunnelStream } from './tunnel-stream.ts'

type Postgresql = Extract<ServiceConnection, { kind: 'postgresql' }>

/** SQLSTATE class 08: the client could not establish the connection. */
const NOBODY_LISTENS = '08001'
const QUERY_CANCELED = '57014'

export async function openPostgresqlSession(
  to: Postgresql,
  deps: { tunnel: () => Promise<Tunnel>; secrets: Secrets; tuning: Tuning; signal: AbortSignal; hostId: string },
): Promise<ServiceSession> {
  const password = to.password === undefined ? undefined : (await deps.secrets.resolve(to.password)).reveal()
  const ended = new AbortController()
  const client = new pg.Client({
    // Where the tunnel leads; pg only looks at it to name the server.
    host: 'socket' in to.at ? 'localhost' : to.at.host,
    port: 'socket' in to.at ? 5432 : to.at.port,
    user: to.user,
    database: to.database,
    // An empty one keeps pg from looking into the environment and the home directory of this process.
    password: password ?? '',
    ssl: false,
    application_name: 'steward',
    stream: () => new TunnelStream(deps.tunnel),
    types: { getTypeParser },
  })
  client.on('error', () => undefined)
  client.once('end', () => ended.abort())
  try {
    await raced(client.connect(), deps.signal)
  } catch (error) {
    await quietly(client)
    throw loginFailure(refusal(error), { hostId: deps.hostId, nobodyListens: NOBODY_LISTENS, overdue: deps.signal.aborted })
  }
  let currentTimeoutMs = -1

  async function execute(
    program: ServiceProgram,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<Output> {
    if (program.kind !== 'sql') throw new TypeError(`PostgreSQL cannot run a ${program.kind} program`)
    signal?.throwIfAborted()
    const began = performance.now()
    const overdue = AbortSignal.timeout(timeoutMs + deps.tuning.answerGraceMs)
    try {
      const result = await raced(ask(program, timeoutMs), signal === undefined ? overdue : AbortSignal.any([overdue, signal]))
      return { kind: 'rows', rows: result }
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code !== undefined) {
        // The server ends the login after such an error, and says so a moment later.
        if (error.severity === 'FATAL') ended.abort()
        if (error.code === QUERY_CANCELED && performance.now() - began >= timeoutMs) throw new RemoteTimeout({ timeoutMs })
        throw refusal(error)
      }
      // Lost, overdue or given up: the statement may still be running, so this login is of no use any more.
      ended.abort()
      await quietly(client)
      throw new RemoteOutcomeUnknown({ doing: 'sql', cause: error })
    }
  }

  async function ask({ text, values }: Extract<ServiceProgram, { kind: 'sql' }>, timeoutMs: number): Promise<JsonObject[]> {
    if (currentTimeoutMs !== timeoutMs) {
      await client.query("select set_config('statement_timeout', $1, false)", [String(timeoutMs)])
      currentTimeoutMs = timeoutMs
    }
    const { rows } = await client.query<JsonObject>(text, [...values])
    return rows
  }

  return {
    execute,
    ended: ended.signal,
    async isAlive(signal) {
      if (ended.signal.aborted) return false
      return raced(client.query('select'), signal).then(
        () => true,
        () => false,
      )
    },
    async close() {
      ended.abort()
      await quietly(client)
    },
  }
}

const refusal = (error: unknown): unknown =>
  error instanceof pg.DatabaseError && error.code !== undefined
    ? new ServiceRefused({ code: error.code, says: error.message, cause: error })
    : error

/** Ends a login that may already be broken. */
async function quietly(client: pg.Client): Promise<void> {
  await Promise.race([client.end(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]).catch(() => undefined)
}

async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined)
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * Values become JSON and stay exact: what a number of JSON cannot carry (bigint, numeric) and every time stay the text that the server wrote.
 * OIDs as in pg_type.dat.
 */
const PARSED: ReadonlySet<number> = new Set([
  16 /* bool */, 21 /* int2 */, 23 /* int4 */, 26 /* oid */, 700 /* float4 */, 701 /* float8 */, 114 /* json */, 3802 /* jsonb */,
  1000 /* bool[] */, 1005 /* int2[] */, 1007 /* int4[] */, 1009 /* text[] */, 1015 /* varchar[] */,
])

function getTypeParser(oid: number): (text: string) => unknown {
  if (!PARSED.has(oid)) return (text) => text
  const parse: (text: string) => unknown = pg.types.getTypeParser(oid, 'text')
  return (text) => {
    const value = parse(text)
    return typeof value === 'number' && !Number.isFinite(value) ? text : value
  }
}
