/**
 * The newest page of the log, read once for all subscriptions that have come to its end: they wake together, and each of them would ask the database
 * for the same events. Whoever is further behind reads for itself, only what it wants.
 */
import type { Position } from '../../../domain/ports/event-store.ts'
import { orAborted } from '../../database/or-aborted.ts'
import type { LogPage, LogReader } from './log-reader.ts'

export class LogTail {
  readonly #reader: Pick<LogReader, 'page'>
  #newest: Newest | undefined
  #next: Readonly<{ after: Position; page: Promise<LogPage> }> | undefined

  constructor(reader: Pick<LogReader, 'page'>) {
    this.#reader = reader
  }

  /** What follows `after`. @throws UnknownPosition, StoreUnavailable */
  async page({ after, types, signal }: TailQuery): Promise<LogPage> {
    const newest = this.#newest
    if (newest && after >= newest.after && after < newest.page.seenTo) return partOf(newest.page, after, types)
    // Not ended by the signal of one who waits: others wait for the same.
    if (newest && after === newest.page.seenTo) return partOf(await orAborted(this.#readOn(after), signal), after, types)
    const page = await this.#reader.page({ after, types, signal })
    if (page.seenTo >= page.head) this.#moveTo({ after: page.seenTo, page: { ...page, events: [] } })
    return page
  }

  #readOn(after: Position): Promise<LogPage> {
    if (this.#next?.after === after) return this.#next.page
    const page = this.#reader.page({ after })
    const next = { after, page }
    this.#next = next
    const over = (): void => {
      if (this.#next === next) this.#next = undefined
    }
    page.then((read) => this.#moveTo({ after, page: read })).then(over, over)
    return page
  }

  /** Never back: two may read at the same time, and end in the other order. */
  #moveTo(read: Newest): void {
    if (this.#newest === undefined || read.page.seenTo > this.#newest.page.seenTo) this.#newest = read
  }
}

/** `page` holds every event behind `after` up to its `seenTo`. */
type Newest = Readonly<{ after: Position; page: LogPage }>

type TailQuery = Readonly<{ after: Position; types: readonly string[] | undefined; signal: AbortSignal }>

const partOf = ({ events, ...seen }: LogPage, after: Position, types: readonly string[] | undefined): LogPage => ({
  ...seen,
  events: events.filter(({ position, type }) => position > after && (types === undefined || types.includes(type))),
})
