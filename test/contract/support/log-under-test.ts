/** What an adapter brings to the contract suite: a log of its own, ways to reach it, and ways to break what lies between. */
import type { EventStore, StreamName } from '../../../src/domain/ports/event-store.ts'

export interface EventStoreFactory {
  /**
   * A log under a namespace that nobody used before. The server may hold other data, and others may write to it meanwhile. Called once per
   * test; disposed of behind it, with every store that it opened.
   */
  start(): Promise<LogUnderTest>
}

export interface LogUnderTest extends AsyncDisposable {
  /** A store over this log. Several see the same events, as several processes would. */
  open(): Promise<EventStore>

  /** A store whose connection can be broken, with a deadline of 2 s or less for its appends. */
  openThroughLine(): Promise<{ store: EventStore; line: Line }>

  /** A store of another namespace on the same server, whose name begins with the whole name of this one. */
  openNeighbour(): Promise<EventStore>

  /** Starts a process that appends three events at a time to a stream that does not exist, one append behind the other, until killed. */
  startWriter(stream: StreamName): Promise<Writer>

  /**
   * The worst that a stranger may leave open on this kind of server while others write. On PostgreSQL: a transaction with an id, holding
   * back every "oldest running transaction". A server without transactions has nothing to hold, and the case is a plain one.
   */
  holdForeignTransaction(): Promise<AsyncDisposable>
}

/** The log of the running test. */
export type CurrentLog = () => LogUnderTest

/** What lies between a store and its server. */
export interface Line {
  /**
   * False for a log in the same process: there is nothing to break and the functions do nothing. The cases then still prove that the store
   * goes on, and that a repeat is answered with the first result, but not that it survives an outage: it cannot have one.
   */
  readonly breakable: boolean
  /** Connections are reset and refused until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Nothing passes, and nobody is told, until `thaw`. */
  freeze(): void
  thaw(): void
  /** Drops all connections; new ones work. */
  reset(): void
  /** The next append reaches the server and is stored; its acknowledgement does not come back. Later connections work. */
  loseNextAcknowledgement(): void
}

export interface Writer {
  /** Acknowledged appends, in order: the ids and the revision of the last event. Ends when the process is dead. */
  readonly acknowledged: AsyncIterable<Acknowledged>
  /** SIGKILL, or what comes nearest; resolves when the process is gone. */
  kill(): Promise<void>
}

export type Acknowledged = Readonly<{ eventIds: readonly string[]; revision: bigint }>

/** The line of a log in this process. */
export const unbreakableLine: Line = {
  breakable: false,
  stop: async () => undefined,
  start: async () => undefined,
  freeze: () => undefined,
  thaw: () => undefined,
  reset: () => undefined,
  loseNextAcknowledgement: () => undefined,
}
