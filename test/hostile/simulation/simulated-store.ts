/** One log, seen by instances that may die at any call. Subscriptions deliver late, and now and then deliver something twice. */
import type { Appended, EventStore, RecordedEvent } from '../../../src/domain/ports/event-store.ts'
import { OutcomeUnknown } from '../../../src/domain/ports/event-store.ts'
import type { Life } from './life.ts'
import type { Random } from './random.ts'

export type Acknowledged = Set<string>

export function storeSeenBy(
  life: Life,
  store: EventStore,
  { random, acknowledged }: { random: Random; acknowledged: Acknowledged },
): EventStore {
  const step = <Item>(name: string, source: AsyncIterable<Item>): AsyncIterable<Item> => ({
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]()
      return {
        next: () => life.at(name, () => iterator.next()),
        return: async () => {
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  })
  return {
    append: (stream, expected, events) =>
      life.at(`append ${events.map(({ type }) => type).join('+')}`, async () => {
        if (random.chance(0.01)) throw new OutcomeUnknown({ stream })
        const appended: Appended = await store.append(stream, expected, events)
        // Stored, but the acknowledgement is lost.
        if (random.chance(0.01)) throw new OutcomeUnknown({ stream })
        for (const { metadata } of events) acknowledged.add(metadata.eventId)
        return appended
      }),
    async *readStream(stream, options) {
      yield* await life.at('read stream', () => Array.fromAsync(store.readStream(stream, options)))
    },
    readAll: (options) => step('read all', store.readAll(options)),
    subscribe: (options) => step('deliver', twiceNowAndThen(store.subscribe(options), random)),
    head: () => life.at('head', () => store.head()),
    close: async () => undefined,
  }
}

async function* twiceNowAndThen<Item>(source: AsyncIterable<Item>, random: Random): AsyncIterable<Item> {
  for await (const item of source) {
    yield item
    if (random.chance(0.05)) yield item
  }
}

export async function everything(store: EventStore): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const item of store.readAll()) if (!('checkpoint' in item)) events.push(item)
  return events
}
