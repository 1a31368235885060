/**
 * All live connections of this instance over one feed of the log: each event is read once and told to everybody who listens. A client that came
 * with a place catches up by itself and joins then. Keys are looked at again from time to time, and at once when one is revoked.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Codec } from '../../domain/ports/codec.ts'
import type { EventStore, Position, RecordedEvent } from '../../domain/ports/event-store.ts'
import type { LiveSocket, SocketListener } from '../../domain/ports/live-sockets.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import type { LiveFeed } from '../../projections/live-feed.ts'
import type { FeedMetric } from '../event-feed.ts'
import type { Permission } from '../permissions.ts'
import { closeCodes } from './channels.ts'
import { framesOf } from './frames.ts'
import { createLiveSession, type LiveLimits, type LiveSession } from './live-session.ts'
import { createMessageSource } from './message-source.ts'

export type HubLimits = LiveLimits &
  Readonly<{
    maxConnections: number
    maxConnectionsPerKey: number
    heartbeatMs: number
    /** How often the key of a connection is looked at again. */
    recheckMs: number
  }>

export const defaultHubLimits: HubLimits = {
  maxConnections: 1_000,
  maxConnectionsPerKey: 250,
  heartbeatMs: 15_000,
  recheckMs: 15_000,
  maxBufferedBytes: 1_000_000,
  catchUpBytes: 256_000,
  stallMs: 30_000,
  maxRequests: 100,
}

export type LiveHubOptions = Readonly<{
  feed: Pick<LiveFeed, 'after' | 'listen'>
  events: Pick<EventStore, 'readAll' | 'readStream' | 'head'>
  codec: Codec
  clock: Clock
  logger: Logger
  metrics: Metrics<FeedMetric>
  limits?: HubLimits
  /** Heard of with the log, as soon as it is recorded. */
  onKeyRevoked?: (keyId: string) => void
}>

export type Guest = Readonly<{
  keyId: string
  may: (permission: Permission) => boolean
  /** Whether the key is good still, and as it was. */
  stillAllowed: () => Promise<boolean>
}>

export interface LiveHub {
  /** Follows the log until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Whether one more of this key may come. */
  hasRoomFor(keyId: string): boolean
  /** Takes a connection; its end is told to what is returned. */
  open(socket: LiveSocket, guest: Guest): SocketListener
  /** Where it stands. */
  position(): Position
  /** Tells everybody that the service stops. */
  close(): void
}

const KIND = { kind: 'websocket' }
const EVERYTHING = { eventTypes: undefined }
const PAGE_EVENTS = 500
const AFTER_ERROR_MS = 1_000

export function createLiveHub(options: LiveHubOptions): LiveHub {
  const { feed, events, codec, clock, logger, metrics, limits = defaultHubLimits } = options
  const sessions = new Map<LiveSession, Guest>()
  const messages = createMessageSource({ events, codec })
  let position: Position = 0n
  let closed = false

  const show = (): void => metrics.set('steward_http_streams', sessions.size, KIND)

  return {
    position: () => position,
    hasRoomFor(keyId) {
      if (closed || sessions.size >= limits.maxConnections) return false
      return [...sessions.keys()].filter((session) => session.keyId === keyId).length < limits.maxConnectionsPerKey
    },
    open(socket, guest) {
      const session = createLiveSession({
        ...{ socket, clock, limits, events, keyId: guest.keyId, may: guest.may },
        hubPosition: () => position,
        pastMessages: () => createMessageSource({ events, codec }),
        onEnded() {
          if (sessions.delete(session)) show()
        },
        onTooSlow: () => metrics.count('steward_http_streams_dropped_total', KIND),
        onBroken: (error) => logger.error({ error }, 'a live connection could not catch up'),
      })
      if (closed) session.close(1001, 'the service stops')
      else {
        sessions.set(session, guest)
        show()
      }
      return session
    },
    close() {
      closed = true
      for (const session of [...sessions.keys()]) session.close(1001, 'the service stops')
    },
    async run(signal) {
      position = (await headOf(signal)) ?? 0n
      // Whoever came before this knew no place yet.
      for (const session of sessions.keys()) session.pass(position)
      const timers = [setInterval(beat, limits.heartbeatMs), setInterval(recheck, limits.recheckMs)]
      try {
        await follow(signal)
      } finally {
        for (const timer of timers) clearInterval(timer)
      }
    },
  }

  async function headOf(signal: AbortSignal): Promise<Position | undefined> {
    while (!signal.aborted) {
      try {
        return await events.head()
      } catch (error) {
        logger.warn({ error }, 'live connections wait for the log')
        await clock.sleep(AFTER_ERROR_MS, signal).catch(() => undefined)
      }
    }
    return undefined
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let more = Promise.withResolvers<void>()
    const wake = (): void => more.resolve()
    const ignore = feed.listen(wake)
    signal.addEventListener('abort', wake, { once: true })
    try {
      while (!signal.aborted) {
        more = Promise.withResolvers()
        try {
          while (!signal.aborted && (await advance(signal)));
        } catch (error) {
          if (signal.aborted) return
          logger.warn({ error }, 'live connections lost the log and look for it again')
          clock.sleep(AFTER_ERROR_MS, signal).then(wake, wake)
        }
        await more.promise
      }
    } finally {
      ignore()
      signal.removeEventListener('abort', wake)
    }
  }

  /** @returns whether there may be more at once. */
  async function advance(signal: AbortSignal): Promise<boolean> {
    const batch = feed.after(EVERYTHING, position)
    if (batch === undefined) return false
    if (batch === 'behind') return readPage(signal)
    for (const { recorded } of batch.events) await hear(recorded)
    passTo(batch.to)
    return true
  }

  /** What the feed keeps no longer, or has not begun to keep. */
  async function readPage(signal: AbortSignal): Promise<boolean> {
    let read = 0
    for await (const item of events.readAll({ ...(position > 0n ? { after: position } : {}), limit: PAGE_EVENTS, signal })) {
      if ('checkpoint' in item) passTo(item.checkpoint)
      else {
        read += 1
        await hear(item)
      }
    }
    return read > 0
  }

  async function hear(event: RecordedEvent): Promise<void> {
    const told = sessions.size === 0 ? [] : await messages.of(event)
    const frames = framesOf(told, event.position, position)
    // From here to the end in one turn: who catches up joins either before this event or after it.
    position = event.position
    for (const session of [...sessions.keys()]) session.give(frames, event.position)
    if (event.type !== 'ApiKeyRevoked') return
    const keyId = event.stream.slice('key-'.length)
    dismiss(keyId)
    options.onKeyRevoked?.(keyId)
  }

  function passTo(reached: Position): void {
    if (reached <= position) return
    position = reached
    for (const session of sessions.keys()) session.pass(reached)
  }

  function dismiss(keyId: string): void {
    for (const session of [...sessions.keys()]) {
      if (session.keyId === keyId) session.close(closeCodes.keyNoLongerGood, 'the key was revoked')
    }
  }

  function beat(): void {
    for (const session of [...sessions.keys()]) session.beat()
  }

  function recheck(): void {
    for (const [session, { stillAllowed }] of [...sessions]) {
      stillAllowed().then(
        (allowed) => {
          if (!allowed) session.close(closeCodes.keyNoLongerGood, 'the key is no longer good')
        },
        // Whether the key is still good cannot be found out now; the next look may.
        () => undefined,
      )
    }
  }
}
