/** The ports of commands, all in memory: a log that can be made to fail, a clock that is moved by hand, ids, and everything that was logged or counted. */
import { createCodec } from '../../../src/adapters/codec/codec.ts'
import { createMemoryEventStore } from '../../../src/adapters/event-store/memory/memory-event-store.ts'
import { createMemoryLog } from '../../../src/adapters/event-store/memory/memory-log.ts'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { createIds } from '../../../src/adapters/ids/uuid-ids.ts'
import { createCommandHandler } from '../../../src/commands/aggregate-commands.ts'
import { type Cause, createEventLog } from '../../../src/commands/event-log.ts'
import type { DomainEvent, Recorded } from '../../../src/domain/events.ts'
import { type EventStore, type NewEvent, StoreUnavailable, type StreamName } from '../../../src/domain/ports/event-store.ts'
import type { Logger } from '../../../src/domain/ports/logger.ts'
import type { Labels, Metrics } from '../../../src/domain/ports/metrics.ts'
import { HandClock } from './hand-clock.ts'

export type Bench = ReturnType<typeof createBench>

/** Stands between the caller and the log; it may throw before or after it lets an append through. */
export type Interference = (
  append: () => ReturnType<EventStore['append']>,
  facts: Readonly<{ stream: StreamName; types: readonly string[]; events: readonly NewEvent[] }>,
) => ReturnType<EventStore['append']>

export function createBench() {
  const clock = new HandClock()
  const memory = createMemoryLog()
  const store = createMemoryEventStore({ clock, log: memory })
  const codec = createCodec()
  const ids = createIds({ namespace: 'test' })
  const hash = createHasher()
  const interferences: Interference[] = []
  let isAway = false
  let reads = 0
  const there = (doing: 'append' | 'read'): void => {
    if (isAway) throw new StoreUnavailable({ doing })
  }
  const interfered: EventStore = {
    ...store,
    async *readStream(...asked) {
      there('read')
      reads += 1
      yield* store.readStream(...asked)
    },
    async append(stream, expected, events) {
      there('append')
      const interfere = interferences.shift()
      const append = () => store.append(stream, expected, events)
      return interfere ? interfere(append, { stream, types: events.map(({ type }) => type), events }) : append()
    },
  }
  const log = createEventLog({ store: interfered, codec, ids })
  const logged: Readonly<{ level: string; message: string; fields: Readonly<Record<string, unknown>> }>[] = []
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => void logged.push({ level, message, fields })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => logger }
  const figures: string[] = []
  const figure = (name: string, labels: Labels | undefined, value: number) =>
    void figures.push([name, ...Object.values(labels ?? {}), value].join(' '))
  const metrics: Metrics = {
    count: (name, labels, by = 1) => figure(name, labels, by),
    observe: (name, value, labels) => figure(name, labels, value),
    set: (name, value, labels) => figure(name, labels, value),
  }
  return {
    clock,
    store,
    codec,
    ids,
    hash,
    log,
    handle: createCommandHandler(log),
    logger,
    logged,
    metrics,
    figures,
    /** How often a stream was read, by its end at least. */
    reads: () => reads,
    /** From now on nothing can be read or appended, or everything again; who follows the log has heard what he has heard. */
    storeIsAway(is: boolean): void {
      isAway = is
    },
    /** The next appends meet these, one each, in order. */
    interfere: (...all: readonly Interference[]) => void interferences.push(...all),
    /** Records events as they are, and answers with them as they were recorded. */
    async given(stream: StreamName, ...events: readonly DomainEvent[]): Promise<readonly Recorded[]> {
      const direct = createEventLog({ store, codec, ids })
      const { expected, events: before } = await direct.load(stream)
      await direct.append(stream, expected, events, someone)
      return (await direct.load(stream)).events.slice(before.length)
    },
    async events(stream: StreamName): Promise<readonly Recorded[]> {
      return (await log.load(stream)).events
    },
    async types(stream: StreamName): Promise<readonly string[]> {
      return (await log.load(stream)).events.map(({ type }) => type)
    },
    all: (): readonly Recorded[] => memory.all.map((event) => codec.decode(event)),
  }
}

export const someone: Cause = { actor: 'tester', correlationId: 'correlation', causationId: 'causation' }

/** The store takes it, and the answer is lost. */
export const loseAnswer =
  (error: Error): Interference =>
  async (append) => {
    await append()
    throw error
  }

/** The store never hears of it. */
export const failBefore =
  (error: Error): Interference =>
  async () => {
    throw error
  }

export const letThrough: Interference = (append) => append()
