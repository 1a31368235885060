/**
 * One client, from its creation to the moment when something broke. Giving it up ends all that goes over it, and resolves only when none of its
 * appends is left: the client keeps the callbacks of all of them, of every client, in one table, so no other may append before.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppendResult, EventStoreDBClient } from '@eventstore/db-client'
import { StoreUnavailable } from '../../../domain/ports/event-store.ts'
import { breaksAppends, NoAnswer } from './failures.ts'
import type { Source } from './source.ts'
import { Window } from './window.ts'

/**
 * One less than the client's write buffer holds. A write beyond the buffer waits in a queue of the client that, when the stream breaks,
 * rejects a promise nobody handles: the process would end.
 */
const APPENDS_IN_FLIGHT = 15

/** The append that makes the client open its stream goes alone: another one right behind it would overtake it on the way. */
const APPENDS_BEFORE_THE_FIRST_ANSWER = 1

/** Rounds of at most 120 ms in which the client is disposed of, until its last append has failed. */
const ROUNDS_OF_DISPOSAL = 25

export class Session {
  readonly client: EventStoreDBClient
  readonly readers = new Set<Source>()
  /** Counts what the server said, so that a silence can be told from a slow answer. */
  heard = 0
  readonly #window = new Window(APPENDS_BEFORE_THE_FIRST_ANSWER)
  readonly #appends = new Set<Promise<AppendResult>>()
  #retired: Promise<void> | undefined

  constructor(client: EventStoreDBClient) {
    this.client = client
  }

  /** Resolves when a client that was given up is gone. Undefined: it is in use. */
  get retired(): Promise<void> | undefined {
    return this.#retired
  }

  /**
   * One attempt to append.
   * @throws what the client throws (failures.ts tells what it means), or `NoAnswer` after `timeoutMs`.
   */
  async append(send: (client: EventStoreDBClient) => Promise<AppendResult>, timeoutMs: number): Promise<AppendResult> {
    const leave = await this.#window.enter(timeoutMs)
    const heardBefore = this.heard
    const append = send(this.client)
    this.#appends.add(append)
    const settled = (): void => {
      this.#appends.delete(append)
      leave()
    }
    append.then(settled, settled)
    try {
      const result = await within(timeoutMs, append)
      this.heard += 1
      this.#window.widen(APPENDS_IN_FLIGHT)
      return result
    } catch (error) {
      if (error instanceof NoAnswer ? this.heard === heardBefore : breaksAppends(error)) void this.retire(error)
      else this.#window.widen(APPENDS_IN_FLIGHT)
      throw error
    }
  }

  retire(cause: unknown): Promise<void> {
    this.#retired ??= this.#end(cause)
    return this.#retired
  }

  async #end(cause: unknown): Promise<void> {
    this.#window.close(new StoreUnavailable({ doing: 'append', cause }))
    for (const reader of this.readers) reader.destroy(new StoreUnavailable({ doing: 'read', cause }))
    // An append that was still asking for the server's features opens its stream only after the first disposal.
    for (let round = 0; round < ROUNDS_OF_DISPOSAL; round += 1) {
      await Promise.race([this.client.dispose(), sleep(100)])
      if (this.#appends.size === 0) break
      await Promise.race([Promise.allSettled(this.#appends), sleep(20)])
    }
    void closeChannel(this.client)
  }
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
