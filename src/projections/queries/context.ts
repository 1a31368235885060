/** What every query needs. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { EventStore } from '../../domain/ports/event-store.ts'
import type { Database } from '../database.ts'
import type { ReadModel } from '../projection.ts'
import type { ReadOptions } from './index.ts'

export type QueryContext = Readonly<{
  database: Database
  eventStore: Pick<EventStore, 'readStream'>
  clock: Clock
  /** Resolves when all of them have come as far as the options ask. @throws ProjectionLagging */
  ready: (models: readonly ReadModel[], options: ReadOptions) => Promise<void>
}>
