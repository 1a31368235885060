/**
 * The one SSH connection of a host: opened by whoever needs it first, shared by all, opened again after it was lost.
 * At most `maxChannels` sessions are open on it; the others wait in line.
 */
import type ssh2 from 'ssh2'
import type { Logger } from '../../domain/ports/logger.ts'
import { type HostAddress, HostUnreachable, type ServiceEndpoint } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import { createSlots, type Slots } from '../../domain/slots.ts'
import { dial, type Live, messageOf } from './dial.ts'
import type { ConnectionObserver } from './figures.ts'
import type { Tuning } from './tuning.ts'

export interface Connection {
  readonly hostId: string
  /** Runs a command line. Give the session back when it is closed. */
  openSession(command: string, options: { signal?: AbortSignal | undefined }): Promise<Session>
  /** A byte stream to a service as the host sees it. */
  openTunnel(to: ServiceEndpoint, signal?: AbortSignal): Promise<Tunnel>
  readonly followers: Slots
  close(): void
}

export type Session = Readonly<{ channel: ssh2.ClientChannel; live: Live; release: () => void }>
export type Tunnel = Readonly<{ channel: ssh2.ClientChannel; live: Live }>

export type ConnectionDeps = Readonly<{
  secrets: Secrets
  tuning: Tuning
  logger?: Logger | undefined
  observer?: ConnectionObserver | undefined
}>

export function createConnection(host: HostAddress, { secrets, tuning, logger, observer }: ConnectionDeps): Connection {
  const closing = new AbortController()
  const slots = createSlots(tuning.maxChannels)
  const { hostId } = host
  const closed = (): HostUnreachable => new HostUnreachable({ hostId, rule: 'closed' })
  let current: Live | undefined
  let dialling: Promise<Live> | undefined

  /** The open connection, or a new one. One attempt at a time, shared by all who ask. */
  async function live(signal?: AbortSignal): Promise<Live> {
    if (closing.signal.aborted) throw closed()
    signal?.throwIfAborted()
    if (current !== undefined && !current.ended.aborted) return current
    dialling ??= open().finally(() => {
      dialling = undefined
    })
    return signal === undefined ? dialling : raced(dialling, signal)
  }

  async function open(): Promise<Live> {
    const opened = await dial(host, { secrets, tuning, signal: closing.signal }).catch((error: unknown) => {
      if (!closing.signal.aborted) observer?.failed(error)
      throw error
    })
    if (closing.signal.aborted) {
      opened.destroy()
      throw closed()
    }
    current = opened
    observer?.opened()
    logger?.debug({ hostId }, 'host connected')
    opened.ended.addEventListener('abort', () => {
      observer?.ended()
      if (current === opened) current = undefined
      if (!closing.signal.aborted) logger?.info({ hostId, error: opened.ended.reason }, 'host connection lost')
    })
    return opened
  }

  /** Opens a channel on `to`; one that opens after we gave up is closed again. */
  function openChannel(to: Live, signal: AbortSignal | undefined, request: (done: ChannelCallback) => void): Promise<ssh2.ClientChannel> {
    return new Promise((resolve, reject) => {
      let over = false
      const finish = (): boolean => {
        if (over) return false
        over = true
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        to.ended.removeEventListener('abort', lost)
        return true
      }
      const abort = (): void => {
        if (finish()) reject(signal?.reason)
      }
      const lost = (): void => {
        if (finish()) reject(closing.signal.aborted ? closed() : to.ended.reason)
      }
      const timer = setTimeout(() => {
        if (finish()) reject(new HostUnreachable({ hostId, rule: 'timeout', says: 'the server did not open a channel' }))
      }, tuning.channelTimeoutMs)
      if (to.ended.aborted) return lost()
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      to.ended.addEventListener('abort', lost, { once: true })
      const done: ChannelCallback = (error, channel) => {
        if (!finish()) {
          channel?.close()
        } else if (error) {
          reject(
            isRefusal(error) ? new ChannelRefused(hostId, error) : new HostUnreachable({ hostId, rule: 'connection-lost', cause: error }),
          )
        } else {
          resolve(channel)
        }
      }
      try {
        request(done)
      } catch (error) {
        // ssh2 throws when the socket is closed and it has not said so yet.
        if (finish()) reject(new HostUnreachable({ hostId, rule: 'connection-lost', says: messageOf(error), cause: error }))
      }
    })
  }

  /** A connection may have died unnoticed since it was used last. Nothing was sent yet, so that is no reason to give up: once. */
  async function onLive(signal: AbortSignal | undefined, request: (to: Live, done: ChannelCallback) => void): Promise<Tunnel> {
    const used = current
    const to = await live(signal)
    try {
      return { channel: await openChannel(to, signal, (done) => request(to, done)), live: to }
    } catch (error) {
      if (to !== used || !(error instanceof HostUnreachable) || error.rule !== 'connection-lost') throw error
      if (current === to) current = undefined
      const fresh = await live(signal)
      return { channel: await openChannel(fresh, signal, (done) => request(fresh, done)), live: fresh }
    }
  }

  return {
    hostId,
    followers: createSlots(tuning.maxFollowersPerConnection),
    async openSession(command, { signal }) {
      const release = await slots.take(signal)
      try {
        return { ...(await onLive(signal, (to, done) => to.client.exec(command, done))), release }
      } catch (error) {
        release()
        throw error
      }
    },
    async openTunnel(to, signal) {
      return onLive(signal, ({ client }, done) =>
        'socket' in to ? client.openssh_forwardOutStreamLocal(to.socket, done) : client.forwardOut('127.0.0.1', 0, to.host, to.port, done),
      )
    },
    close() {
      closing.abort(closed())
      current?.destroy()
    },
  }
}

/** The server answered, and said no. `reason` as in RFC 4254, 5.1 (1 prohibited, 2 connect failed, 4 shortage); undefined when it refused the program. */
export class ChannelRefused extends HostUnreachable {
  readonly reason: number | undefined
  constructor(hostId: string, cause: Error) {
    super({ hostId, rule: 'channel-refused', says: cause.message, cause })
    this.reason = 'reason' in cause && typeof cause.reason === 'number' ? cause.reason : undefined
  }
}

type ChannelCallback = (error: Error | undefined, channel: ssh2.ClientChannel) => void

/** Without a connection ssh2 answers every open request with `No response from server`. */
const isRefusal = (error: Error): boolean => error.message !== 'No response from server'

async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
