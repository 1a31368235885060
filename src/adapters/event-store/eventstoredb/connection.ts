/**
 * The one client of this process for one server, shared by all stores over it. The only file that calls `@eventstore/db-client`.
 *
 * The client keeps the callbacks of all batch appends in one table of its module: an error on any append stream rejects every append in it, and
 * an answer that arrives later for a rejected one throws inside an event handler and ends the process. So there is never a second append stream
 * with appends in flight: when anything breaks, the whole client is given up with all its streams before another one begins to append.
 */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AppendResult, EventStoreDBClient, jsonEvent, type ResolvedEvent } from '@eventstore/db-client'
import { StoreUnavailable } from '../../../domain/ports/event-store.ts'
import type { SerialisedEvent } from '../shared/check-append.ts'
import { appendFailure, isFinal, isNotLeader } from './failures.ts'
import { type AllItem, CaughtUp, CheckpointReached, type From, isResolved, positionOf, Released, Silence } from './log-items.ts'
import { Window } from './window.ts'

/**
 * One less than the client's write buffer holds. A write beyond the buffer waits in a queue of the client that, when the stream breaks,
 * rejects a promise nobody handles: the process would end.
 */
const APPENDS_IN_FLIGHT = 15

/** The append that makes the client open its stream goes alone: another one right behind it would overtake it on the way. */
const APPENDS_BEFORE_THE_FIRST_ANSWER = 1

/** The server compares this absolute time with its own clock; with the client's 10 s, clocks that differ would fail every append. */
const SERVER_DEADLINE_MS = 24 * 60 * 60 * 1_000

/** How long one page of a read, or the head, may keep silent. */
const ANSWER_DEADLINE_MS = 5_000

/** How often a read looks whether somebody still wants its events, and whether any come. */
const TICK_MS = 100

/** A reader that takes nothing for two ticks gives its stream back; what was buffered for it is free, and it reads again from where it is. */
const IDLE_TICKS = 2

const BATCH_LIMIT_EVENTS = 64

/** What is used of the client's streams beside the loop over them. */
type Source = {
  readonly destroyed: boolean
  readonly readableLength: number
  destroy(error?: Error): unknown
  push(mark: unknown): boolean
  on(event: string, listener: (...facts: unknown[]) => void): unknown
}

/** One client, from its creation to the moment when something broke. */
type Session = {
  readonly client: EventStoreDBClient
  readonly window: Window
  readonly appends: Set<Promise<AppendResult>>
  readonly readers: Set<Source>
  /** Counts what the server said, so that a silence can be told from a slow answer. */
  heard: number
  retired: Promise<void> | undefined
}

export class Connection {
  static readonly #open = new Map<string, Connection>()
  /** Resolves when the client that was closed last has ended its append stream. */
  static #closing = Promise.resolve()
  readonly #url: string
  #users = 0
  #session: Session | undefined
  /** Things that live as long as the connection, by name; they are the business of others. */
  readonly shared = new Map<string, unknown>()

  private constructor(url: string) {
    this.#url = url
  }

  /** The connection to this server, opened by its first user. */
  static acquire(url: string): Connection {
    const connection = Connection.#open.get(url) ?? new Connection(url)
    Connection.#open.set(url, connection)
    connection.#users += 1
    return connection
  }

  /** Closes the connection when its last user has gone. */
  async release(): Promise<void> {
    this.#users -= 1
    if (this.#users > 0) return
    Connection.#open.delete(this.#url)
    const session = this.#session
    this.#session = undefined
    if (!session) return
    Connection.#closing = this.#retire(session, new Error('the event store was closed'))
    await Connection.#closing
  }

  /**
   * One attempt to append.
   * @throws what the client throws (failures.ts tells what it means), or `NoAnswer` after `timeoutMs`.
   */
  async append(
    stream: string,
    expected: 'no_stream' | bigint,
    events: readonly SerialisedEvent[],
    timeoutMs: number,
  ): Promise<AppendResult> {
    const session = await this.#current()
    const leave = await session.window.enter(timeoutMs)
    const heardBefore = session.heard
    const append = session.client.appendToStream(stream, events.map(toClientEvent), {
      expectedRevision: expected,
      requiresLeader: true,
      deadline: SERVER_DEADLINE_MS,
    })
    session.appends.add(append)
    const settled = (): void => {
      session.appends.delete(append)
      leave()
    }
    append.then(settled, settled)
    try {
      const result = await within(timeoutMs, append)
      session.heard += 1
      session.window.widen(APPENDS_IN_FLIGHT)
      return result
    } catch (error) {
      if (error instanceof NoAnswer ? session.heard === heardBefore : breaksAppends(error)) void this.#retire(session, error)
      else session.window.widen(APPENDS_IN_FLIGHT)
      throw error
    }
  }

  /** Events of one stream. Throws the client's errors. */
  readStream(
    stream: string,
    options: { from: From; direction: 'forwards' | 'backwards'; limit: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly (ResolvedEvent | Silence | Released)[]> {
    const { from, direction, limit } = options
    return this.#read(signal, (client) => {
      const read = client.readStream(stream, { fromRevision: from, direction, maxCount: limit, requiresLeader: true })
      return { source: read, items: read, cancel: () => read.cancel() }
    })
  }

  /** Events of the whole log from a position on, inclusive, of all namespaces. */
  readAll(from: From, limit: number, signal: AbortSignal | undefined): AsyncGenerator<readonly AllItem[]> {
    return this.#read(signal, (client) => {
      const read = client.readAll({ fromPosition: toPosition(from), maxCount: limit, requiresLeader: true })
      return { source: read, items: read, cancel: () => read.cancel() }
    })
  }

  /** All events behind a position whose stream begins with the prefix, and then those to come. */
  subscribe(prefix: string, from: From, signal: AbortSignal | undefined): AsyncGenerator<readonly AllItem[]> {
    return this.#read(
      signal,
      (client) => {
        const subscription = client.subscribeToAll({
          fromPosition: toPosition(from),
          requiresLeader: true,
          filter: {
            filterOn: 'streamName',
            prefixes: [prefix],
            checkpointInterval: 1,
            // Marks go through the buffer, between the events, so that their order is kept. An error thrown here would end the process.
            checkpointReached: (_, { commit }) => put(subscription, new CheckpointReached(commit)),
          },
        })
        subscription.on('caughtUp', () => put(subscription, new CaughtUp()))
        return { source: subscription, items: subscription, cancel: () => subscription.unsubscribe() }
      },
      { endless: true },
    )
  }

  /** The position of the last event of the log, whoever wrote it. */
  async head(signal?: AbortSignal): Promise<bigint | undefined> {
    const last = this.#read(signal, (client) => {
      const read = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1, requiresLeader: true })
      return { source: read, items: read, cancel: () => read.cancel() }
    })
    let head: bigint | undefined
    for await (const items of last) for (const item of items) if (isResolved(item)) head = positionOf(item)
    return head
  }

  async #current(): Promise<Session> {
    if (!this.#session) await Connection.#closing
    while (this.#session?.retired) {
      const { retired } = this.#session
      await retired
      if (this.#session?.retired === retired) this.#session = undefined
    }
    if (this.#users === 0) throw new StoreUnavailable({ doing: 'use a closed connection' })
    this.#session ??= {
      client: EventStoreDBClient.connectionString(this.#url),
      window: new Window(APPENDS_BEFORE_THE_FIRST_ANSWER),
      appends: new Set(),
      readers: new Set(),
      heard: 0,
      retired: undefined,
    }
    return this.#session
  }

  /**
   * Pulls from a stream of the client, with `for await` only: a `data` listener would have no back-pressure. A read that is silent too long
   * fails; a subscription is endless and may be silent for ever, so its silence is told instead, for the reader to look at the head.
   */
  async *#read<Item>(
    signal: AbortSignal | undefined,
    open: (client: EventStoreDBClient) => { source: Source; items: AsyncIterable<Item>; cancel: () => Promise<void> },
    { endless = false }: { endless?: boolean } = {},
  ): AsyncGenerator<readonly (Item | Silence | Released)[]> {
    signal?.throwIfAborted()
    const session = await this.#current()
    signal?.throwIfAborted()
    const { source, items, cancel } = open(session.client)
    session.readers.add(source)
    // The client emits errors without destroying; one that comes before the loop below listens would be lost.
    source.on('error', (error) => source.destroy(error instanceof Error ? error : new Error(String(error))))
    // A call that nobody reads to its end never ends for the client, which would keep it and what it buffers for ever.
    source.on('unpipe', (call) => void (call instanceof Readable && call.resume()))
    const onAbort = (): void => void source.destroy(new Error('aborted'))
    signal?.addEventListener('abort', onAbort, { once: true })

    let waiting = true
    let idleTicks = 0
    let released = false
    const tick = setInterval(() => {
      idleTicks += 1
      if (waiting && idleTicks * TICK_MS >= ANSWER_DEADLINE_MS && !endless) source.destroy(new NoAnswer(ANSWER_DEADLINE_MS))
      else if (waiting && endless) put(source, new Silence())
      else if (!waiting && idleTicks >= IDLE_TICKS && !released) {
        released = true
        source.destroy()
        void cancel().catch(() => undefined)
      }
    }, TICK_MS)
    tick.unref()
    try {
      let batch: (Item | Silence)[] = []
      for await (const item of items) {
        batch.push(item)
        // What has come already goes on as one: each layer above then waits once for many events. It saves a fifth of a rebuild.
        if (source.readableLength > 0 && batch.length < BATCH_LIMIT_EVENTS) continue
        if (batch.some((each) => !(each instanceof Silence))) {
          session.heard += 1
          idleTicks = 0
        }
        waiting = false
        yield batch
        waiting = true
        if (released) break
        batch = []
      }
      if (released) yield [new Released()]
    } catch (error) {
      if (released) {
        yield [new Released()]
        return
      }
      signal?.throwIfAborted()
      if (error instanceof NoAnswer || isBroken(error)) void this.#retire(session, error)
      throw error
    } finally {
      clearInterval(tick)
      signal?.removeEventListener('abort', onAbort)
      session.readers.delete(source)
      source.destroy()
      // Walking away from the client's stream leaves the call open on the server: it has to be cancelled.
      void cancel().catch(() => undefined)
    }
  }

  #retire(session: Session, cause: unknown): Promise<void> {
    session.retired ??= (async () => {
      session.window.close(new StoreUnavailable({ doing: 'append', cause }))
      for (const reader of session.readers) reader.destroy(new StoreUnavailable({ doing: 'read', cause }))
      // An append that was still asking for the server's features opens its stream only after the first disposal.
      for (let round = 0; round < 25; round += 1) {
        await Promise.race([session.client.dispose(), sleep(100)])
        if (session.appends.size === 0) break
        await Promise.race([Promise.allSettled(session.appends), sleep(20)])
      }
      void closeChannel(session.client)
    })()
    return session.retired
  }
}

/** No answer came in time. What it was about may have happened. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

/** Anything but an answer about the request itself: the connection cannot be trusted any more. */
const isBroken = (error: unknown): boolean => {
  if (!(error instanceof Error) || isFinal(error) || isNotLeader(error)) return false
  const code = 'code' in error ? error.code : undefined
  // Cancelled, internal (RST_STREAM), unavailable, and discovery errors without any code. Not found and unknown are answers.
  return code === 1 || code === 4 || code === 13 || code === 14 || (code === undefined && !('type' in error))
}

/**
 * Also true before anything was sent: the client asks for the features of the server once, and keeps a failure of that question for ever.
 */
const breaksAppends = (error: unknown): boolean => {
  const { kind } = appendFailure(error)
  return kind === 'unknown-and-broken' || (kind === 'not-sent' && !isNotLeader(error))
}

const toPosition = (from: From) => (typeof from === 'bigint' ? { commit: from, prepare: from } : from)

const toClientEvent = ({ type, eventId, data, metadata }: SerialisedEvent) => {
  // A copy from the text: an attempt may be sent later than its caller thinks. Metadata goes as bytes; the client would look into an object.
  const parsed: Record<string, unknown> = JSON.parse(data)
  return jsonEvent({ id: eventId, type, data: parsed, metadata: new TextEncoder().encode(metadata) })
}

function put(source: Source, mark: unknown): void {
  if (!source.destroyed) source.push(mark)
}

async function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new NoAnswer(timeoutMs)), timeoutMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The client has no `close`: without this the socket of every client ever made stays open. */
async function closeChannel(client: EventStoreDBClient): Promise<void> {
  const getChannel: unknown = Reflect.get(client, 'getChannel')
  if (typeof getChannel !== 'function') return
  try {
    const channel: unknown = await getChannel()
    if (typeof channel === 'object' && channel !== null && 'close' in channel && typeof channel.close === 'function') channel.close()
  } catch {
    // No server was found, so there is no socket.
  }
}
