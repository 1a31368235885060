/**
 * The one client of this process for one server, shared by all stores over it. The only file that calls `@eventstore/db-client`.
 *
 * The client keeps the callbacks of all batch appends in one table of its module: an error on any append stream rejects every append in it, and
 * an answer that arrives later for a rejected one throws inside an event handler and ends the process. So there is never a second append stream
 * with appends in flight: when anything breaks, the whole client is given up with all its streams before another one begins to append.
 */
import { type AppendResult, EventStoreDBClient, jsonEvent, type ResolvedEvent } from '@eventstore/db-client'
import { StoreUnavailable } from '../../../domain/ports/event-store.ts'
import type { SerialisedEvent } from '../shared/check-append.ts'
import { InvalidConnectionString } from './connection-string.ts'
import { type AllItem, CaughtUp, CheckpointReached, type From, isResolved, positionOf, type Released, type Silence } from './log-items.ts'
import { type Opened, pull } from './pull.ts'
import { Session } from './session.ts'
import { put } from './source.ts'

/** The server compares this absolute time with its own clock; with the client's 10 s, clocks that differ would fail every append. */
const SERVER_DEADLINE_MS = 24 * 60 * 60 * 1_000

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
    // Made for nothing but its complaints: certificates that cannot be read are a mistake of the configuration, and no outage.
    createClient(url)
    this.#url = url
  }

  /**
   * The connection to this server, opened by its first user.
   * @throws InvalidConnectionString
   */
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
    Connection.#closing = session.retire(new Error('the event store was closed'))
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
    const options = { expectedRevision: expected, requiresLeader: true, deadline: SERVER_DEADLINE_MS }
    return session.append((client) => client.appendToStream(stream, events.map(toClientEvent), options), timeoutMs)
  }

  /** Events of one stream. Throws the client's errors. */
  readStream(
    stream: string,
    options: { from: From; direction: 'forwards' | 'backwards'; limit: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly (ResolvedEvent | Silence | Released)[]> {
    const { from, direction, limit } = options
    return this.#pull(signal, (client) => {
      const read = client.readStream(stream, { fromRevision: from, direction, maxCount: limit, requiresLeader: true })
      return { source: read, items: read, cancel: () => read.cancel() }
    })
  }

  /** Events of the whole log from a position on, inclusive, of all namespaces. */
  readAll(from: From, limit: number, signal: AbortSignal | undefined): AsyncGenerator<readonly AllItem[]> {
    return this.#pull(signal, (client) => {
      const read = client.readAll({ fromPosition: toPosition(from), maxCount: limit, requiresLeader: true })
      return { source: read, items: read, cancel: () => read.cancel() }
    })
  }

  /** All events behind a position whose stream begins with the prefix, and then those to come. */
  subscribe(prefix: string, from: From, signal: AbortSignal | undefined): AsyncGenerator<readonly AllItem[]> {
    return this.#pull(
      signal,
      (client) => {
        const subscription = client.subscribeToAll({
          fromPosition: toPosition(from),
          requiresLeader: true,
          filter: {
            filterOn: 'streamName',
            prefixes: [prefix],
            checkpointInterval: 1,
            // An error thrown here would end the process.
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
    const last = this.#pull(signal, (client) => {
      const read = client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1, requiresLeader: true })
      return { source: read, items: read, cancel: () => read.cancel() }
    })
    let head: bigint | undefined
    for await (const items of last) for (const item of items) if (isResolved(item)) head = positionOf(item)
    return head
  }

  async *#pull<Item>(
    signal: AbortSignal | undefined,
    open: (client: EventStoreDBClient) => Opened<Item>,
    { endless = false }: { endless?: boolean } = {},
  ): AsyncGenerator<readonly (Item | Silence | Released)[]> {
    signal?.throwIfAborted()
    yield* pull(await this.#current(), open, { signal, endless })
  }

  async #current(): Promise<Session> {
    if (!this.#session) await Connection.#closing
    while (this.#session?.retired) {
      const { retired } = this.#session
      await retired
      if (this.#session?.retired === retired) this.#session = undefined
    }
    if (this.#users === 0) throw new StoreUnavailable({ doing: 'use a closed connection' })
    this.#session ??= new Session(createClient(this.#url))
    return this.#session
  }
}

/** Sends nothing yet. */
function createClient(url: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url)
  } catch (error) {
    // What it says of the string itself holds the password.
    const says = error instanceof Error && !('connectionString' in error) ? error.message : 'it cannot be read'
    throw new InvalidConnectionString('is refused by the client:', says)
  }
}

const toPosition = (from: From) => (typeof from === 'bigint' ? { commit: from, prepare: from } : from)

const toClientEvent = ({ type, eventId, data, metadata }: SerialisedEvent) => {
  // A copy from the text: an attempt may be sent later than its caller thinks. Metadata goes as bytes; the client would look into an object.
  const parsed: Record<string, unknown> = JSON.parse(data)
  return jsonEvent({ id: eventId, type, data: parsed, metadata: new TextEncoder().encode(metadata) })
}
