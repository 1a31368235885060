/** An event store whose appends are measured, by what became of them; all else passes through. */
import {
  AppendTooLarge,
  ConcurrencyConflict,
  type EventStore,
  InvalidAppend,
  OutcomeUnknown,
  StoreUnavailable,
} from '../../domain/ports/event-store.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'

export type AppendMetric = 'steward_append_seconds' | 'steward_appended_events_total'

export const meterEventStore = (store: EventStore, metrics: Metrics<AppendMetric>): EventStore => ({
  async append(stream, expected, events) {
    const beganMs = performance.now()
    const measure = (outcome: string) => metrics.observe('steward_append_seconds', (performance.now() - beganMs) / 1_000, { outcome })
    try {
      const appended = await store.append(stream, expected, events)
      measure('stored')
      metrics.count('steward_appended_events_total', {}, events.length)
      return appended
    } catch (error) {
      measure(outcomeOf(error))
      throw error
    }
  },
  readStream: (stream, options) => store.readStream(stream, options),
  readAll: (options) => store.readAll(options),
  subscribe: (options) => store.subscribe(options),
  head: () => store.head(),
  close: () => store.close(),
})

function outcomeOf(error: unknown): string {
  if (error instanceof ConcurrencyConflict) return 'conflict'
  if (error instanceof OutcomeUnknown) return 'unknown'
  if (error instanceof StoreUnavailable) return 'unavailable'
  if (error instanceof AppendTooLarge || error instanceof InvalidAppend) return 'refused'
  return 'failed'
}
