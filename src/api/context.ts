/** What a handler works with: the application, and what the API itself owns. */
import type { Clock } from '../domain/ports/clock.ts'
import type { Hash } from '../domain/ports/hash.ts'
import type { Application } from './application.ts'
import type { EventFeeds } from './event-feed.ts'
import type { OpenApiDocument } from './openapi-document.ts'

export type Context = Application &
  Readonly<{
    hash: Hash
    clock: Clock
    feeds: EventFeeds
    document: () => OpenApiDocument
    /** Set while the service stops: it is alive, but wants no new requests. */
    draining: () => boolean
  }>
