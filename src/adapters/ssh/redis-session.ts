/**
 * Redis through the tunnel. node-redis takes no stream, so it gets a unix socket in a directory of mode 0700, which exists only for the moment of
 * the login: it accepts one connection and is gone.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, ErrorReply } from 'redis'
import type { Output } from '../../domain/catalogue/program.ts'
import type { Json } from '../../domain/ports/json.ts'
import { RemoteOutcomeUnknown, type ServiceConnection, ServiceRefused } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import type { Tunnel } from './connection.ts'
import { loginFailure } from './service-failure.ts'
import type { ServiceProgram, ServiceSession } from './service-session.ts'
import type { Tuning } from './tuning.ts'
import { TunnelStream } from './tunnel-stream.ts'

type Redis = Extract<ServiceConnection, { kind: 'redis' }>

const NOBODY_LISTENS = 'ECONNREFUSED'

export async function openRedisSession(
  to: Redis,
  deps: { tunnel: () => Promise<Tunnel>; secrets: Secrets; tuning: Tuning; signal: AbortSignal; hostId: string },
): Promise<ServiceSession> {
  const password = to.password === undefined ? undefined : (await deps.secrets.resolve(to.password)).reveal()
  const ended = new AbortController()
  // First of all: whether anybody listens is known here, and in the words of SSH.
  const stream = await connected(deps.tunnel).catch((error: unknown) => {
    throw loginFailure(error, { hostId: deps.hostId, nobodyListens: NOBODY_LISTENS, overdue: deps.signal.aborted })
  })
  const door = await openDoor(stream)
  const client = createClient({
    socket: { path: door.path, reconnectStrategy: false, connectTimeout: deps.tuning.connectTimeoutMs },
    ...(to.user === undefined ? {} : { username: to.user }),
    ...(password === undefined ? {} : { password }),
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
  })
  const end = (): void => {
    stream.destroy()
    if (client.isOpen) client.destroy()
    ended.abort()
  }
  client.on('error', end)
  stream.once('close', end)
  deps.signal.addEventListener('abort', end, { once: true })
  try {
    await client.connect()
  } catch (error) {
    end()
    throw loginFailure(refusal(error), { hostId: deps.hostId, nobodyListens: NOBODY_LISTENS, overdue: deps.signal.aborted })
  } finally {
    deps.signal.removeEventListener('abort', end)
    await door.remove()
  }

  async function execute(
    program: ServiceProgram,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<Output> {
    if (program.kind !== 'redis') throw new TypeError(`Redis cannot run a ${program.kind} program`)
    signal?.throwIfAborted()
    // Redis has no time-out of its own for a command: when ours has passed, nobody knows whether it ran.
    const overdue = AbortSignal.timeout(timeoutMs)
    const over = signal === undefined ? overdue : AbortSignal.any([overdue, signal])
    over.addEventListener('abort', end, { once: true })
    try {
      return { kind: 'value', value: asJson(await client.sendCommand([...program.command])) }
    } catch (error) {
      if (error instanceof ErrorReply) throw refusal(error)
      end()
      throw new RemoteOutcomeUnknown({ doing: 'redis', cause: over.aborted ? over.reason : error })
    } finally {
      over.removeEventListener('abort', end)
    }
  }

  return {
    execute,
    ended: ended.signal,
    async isAlive(signal) {
      if (ended.signal.aborted || signal.aborted) return false
      signal.addEventListener('abort', end, { once: true })
      try {
        // Any answer is one, also a refusal.
        await client.sendCommand(['PING']).catch((error: unknown) => {
          if (!(error instanceof ErrorReply)) throw error
        })
        return true
      } catch {
        return false
      } finally {
        signal.removeEventListener('abort', end)
      }
    },
    async close() {
      end()
    },
  }
}

/** The first word of a Redis error is its code: `NOAUTH Authentication required.` */
const refusal = (error: unknown): unknown =>
  error instanceof ErrorReply
    ? new ServiceRefused({ code: error.message.split(' ', 1)[0] ?? '', says: error.message, cause: error })
    : error

async function connected(tunnel: () => Promise<Tunnel>): Promise<TunnelStream> {
  const stream = new TunnelStream(tunnel)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  stream.once('connect', resolve).once('error', reject).connect()
  await promise
  stream.off('error', reject).on('error', () => undefined)
  return stream
}

/** A unix socket that leads one visitor to the stream. */
async function openDoor(stream: TunnelStream): Promise<{ path: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'steward-'))
  const path = join(dir, 's')
  const server: Server = createServer((visitor) => {
    server.close()
    visitor.on('error', () => stream.destroy())
    stream.once('close', () => visitor.destroy())
    visitor.pipe(stream).pipe(visitor)
  })
  server.maxConnections = 1
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(path, resolve)
  try {
    await promise
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    stream.destroy()
    throw error
  }
  return {
    path,
    async remove() {
      server.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function asJson(value: unknown): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'bigint') return String(value)
  if (Buffer.isBuffer(value)) return value.toString('utf8')
  if (Array.isArray(value)) return value.map(asJson)
  if (value instanceof ErrorReply) return value.message
  return String(value)
}
