/**
 * The reference: the shortest program that keeps every promise of the port. Time comes from the clock it is given and readers wait on appends,
 * never on a timer, so a simulation stays in charge of the order of things.
 */
import type { Clock } from '../../../domain/ports/clock.ts'
import type { Checkpoint, EventStore, NewEvent, RecordedEvent } from '../../../domain/ports/event-store.ts'
import { ConcurrencyConflict, StoreUnavailable } from '../../../domain/ports/event-store.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import { checkAppend } from '../shared/check-append.ts'
import { asExpectation, firstRevision, resultOfRepeat } from '../shared/repeat.ts'
import { createMemoryLog, headOf, indexAfter, type MemoryLog, nextPosition, record } from './memory-log.ts'

export type MemoryEventStoreOptions = Readonly<{
  clock: Clock
  /** The log behind the store; a new, empty one by default. Stores over one log see each other's events. */
  log?: MemoryLog
}>

/** How many events that do not match may pass between two checkpoints. */
const CHECKPOINT_INTERVAL_EVENTS = 1_000

export function createMemoryEventStore({ clock, log = createMemoryLog() }: MemoryEventStoreOptions): EventStore {
  const closing = new AbortController()
  const checkOpen = (doing: string): void => {
    if (closing.signal.aborted) throw new StoreUnavailable({ doing, cause: closing.signal.reason })
  }

  return {
    async append(stream, expected, events) {
      const serialised = checkAppend(stream, events)
      checkOpen('append')
      const inStream = log.streams.get(stream) ?? []
      const actual = asExpectation(inStream.at(-1)?.revision)
      if (actual !== expected) {
        const repeated = resultOfRepeat(
          expected,
          serialised.map(({ eventId }) => eventId),
          (revision) => {
            const event = inStream[Number(revision)]
            return event && { eventId: event.metadata.eventId, revision: event.revision, position: event.position }
          },
        )
        if (repeated) return repeated
        throw new ConcurrencyConflict({ stream, expected, actual })
      }
      const recordedAt = clock.now()
      const recorded = serialised.map(
        ({ type, data, metadata }, index): RecordedEvent =>
          frozen({
            type,
            data: parsed<JsonObject>(data),
            metadata: parsed<NewEvent['metadata']>(metadata),
            stream,
            revision: firstRevision(expected) + BigInt(index),
            position: nextPosition(log, index),
            recordedAt,
          }),
      )
      record(log, stream, recorded)
      const { revision, position } = lastOf(recorded)
      return { revision, position }
    },

    async *readStream(stream, { from, direction = 'forwards', limit = Infinity, signal } = {}) {
      const inStream = log.streams.get(stream) ?? []
      const step = direction === 'forwards' ? 1 : -1
      const tip = inStream.length - 1
      const start = from === undefined ? (step === 1 ? 0 : tip) : step === 1 ? Number(from) : Math.min(Number(from), tip)
      for (let index = start, left = limit; left > 0; index += step, left -= 1) {
        signal?.throwIfAborted()
        checkOpen('read a stream')
        const event = inStream[index]
        if (!event || index > tip) return
        yield event
      }
    },

    async *readAll({ after, types, limit = Infinity, signal } = {}) {
      const wanted = types && new Set(types)
      const end = log.all.length
      let left = limit
      for (let index = indexAfter(log, after); index < end && left > 0; index += 1) {
        signal?.throwIfAborted()
        checkOpen('read the log')
        const event = log.all[index]
        if (!event || (wanted && !wanted.has(event.type))) continue
        yield event
        left -= 1
      }
      const last = log.all[end - 1]
      if (last && left > 0) yield { checkpoint: last.position, caughtUp: true }
    },

    async *subscribe({ after, types, signal }): AsyncGenerator<RecordedEvent | Checkpoint> {
      const wanted = types && new Set(types)
      const ending = AbortSignal.any([signal, closing.signal])
      let index = indexAfter(log, after)
      let sinceCheckpoint = 0
      while (!ending.aborted) {
        const event = log.all[index]
        if (!event) {
          sinceCheckpoint = 0
          yield { checkpoint: headOf(log) ?? 0n, caughtUp: true }
          await nextAppend(log, index, ending)
          continue
        }
        index += 1
        sinceCheckpoint += 1
        if (!wanted || wanted.has(event.type)) yield event
        if (sinceCheckpoint >= CHECKPOINT_INTERVAL_EVENTS && !ending.aborted) {
          sinceCheckpoint = 0
          yield { checkpoint: event.position, caughtUp: false }
        }
      }
    },

    async head() {
      checkOpen('read the head')
      return headOf(log)
    },

    async close() {
      closing.abort(new Error('the event store was closed'))
    },
  }
}

/** Resolves when the log is longer than `length`, or the signal aborts. */
function nextAppend(log: MemoryLog, length: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || log.all.length > length) return Promise.resolve()
  return new Promise((resolve) => {
    const wake = (): void => {
      log.waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    log.waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
  })
}

/** Through text and back: what a reader gets is what any other store would give, and no longer the caller's object. */
const parsed = <Shape>(text: string): Shape => JSON.parse(text)

/** A recorded event is shared by all who read it, so nobody may change it. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) frozen(part)
  }
  return value
}

function lastOf<Item>(items: readonly Item[]): Item {
  const last = items.at(-1)
  if (last === undefined) throw new RangeError('an append holds at least one event')
  return last
}
