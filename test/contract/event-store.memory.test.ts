/** The contract, kept by the reference. */
import { createMemoryEventStore } from '../../src/adapters/event-store/memory/memory-event-store.ts'
import { createMemoryLog } from '../../src/adapters/event-store/memory/memory-log.ts'
import { instant } from '../../src/domain/instant.ts'
import type { Clock } from '../../src/domain/ports/clock.ts'
import { describeEventStore } from './event-store.ts'
import { unbreakableLine, type Writer } from './support/log-under-test.ts'
import { appendForEver } from './support/writer.ts'

// A clock that stands still: the store must not need more.
const clock: Clock = {
  now: () => instant('2026-11-21T10:00:00.000Z'),
  sleep: () => Promise.reject(new Error('a store in memory has no reason to sleep')),
}

describeEventStore('memory', {
  async start() {
    const log = createMemoryLog()
    return {
      open: async () => createMemoryEventStore({ clock, log }),
      openThroughLine: async () => ({ store: createMemoryEventStore({ clock, log }), line: unbreakableLine }),
      openNeighbour: async () => createMemoryEventStore({ clock }),
      startWriter: async (stream) => writerInThisProcess(appendForEver(createMemoryEventStore({ clock, log }), stream)),
      holdForeignTransaction: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
      [Symbol.asyncDispose]: async () => undefined,
    }
  },
})

/** A log in memory dies with its process, so here the writer is only abandoned between two appends, and the log lives on. */
function writerInThisProcess(acknowledged: Writer['acknowledged'] & AsyncGenerator): Writer {
  return { acknowledged, kill: async () => void (await acknowledged.return(undefined)) }
}
