/**
 * The contract of the `EventStore` port. Every adapter runs every case; an adapter only adds a factory (support/log-under-test.ts). No case
 * assumes that positions begin at 0, that the server is empty, or that nobody else writes to it.
 */
import { afterEach, beforeEach, describe } from 'vitest'
import { appendCases } from './event-store/append.ts'
import { failureCases } from './event-store/failures.ts'
import { orderCases } from './event-store/order.ts'
import { readCases } from './event-store/read.ts'
import { repeatCases } from './event-store/repeat.ts'
import { roundTripCases } from './event-store/round-trip.ts'
import { subscribeCases } from './event-store/subscribe.ts'
import type { CurrentLog, EventStoreFactory, LogUnderTest } from './support/log-under-test.ts'

export function describeEventStore(name: string, factory: EventStoreFactory): void {
  describe(`event store: ${name}`, { timeout: 60_000 }, () => {
    let log: LogUnderTest | undefined

    beforeEach(async () => {
      log = await factory.start()
    }, 60_000)

    afterEach(async () => {
      await log?.[Symbol.asyncDispose]()
      log = undefined
    }, 60_000)

    const current: CurrentLog = () => {
      if (!log) throw new Error('no test is running')
      return log
    }

    appendCases(current)
    repeatCases(current)
    roundTripCases(current)
    readCases(current)
    subscribeCases(current)
    orderCases(current)
    failureCases(current)
  })
}
