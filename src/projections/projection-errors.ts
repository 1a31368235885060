/** What can be wrong with a question to a read model. */
import type { Position } from '../domain/ports/event-store.ts'

/** It has not come as far as the caller needs; ask again. */
export class ProjectionLagging extends Error {
  override readonly name = 'ProjectionLagging'
  readonly projection: string
  readonly position: Position
  readonly wanted: Position | undefined
  constructor(facts: { projection: string; position: Position; wanted?: Position | undefined; cause?: unknown }) {
    const wanted = facts.wanted === undefined ? 'its rebuild' : `position ${facts.wanted}`
    super(`read model ${facts.projection} is at position ${facts.position} and has not reached ${wanted}`, { cause: facts.cause })
    this.projection = facts.projection
    this.position = facts.position
    this.wanted = facts.wanted
  }
}

export class UnknownProjection extends Error {
  override readonly name = 'UnknownProjection'
  readonly projection: string
  constructor(facts: { projection: string }) {
    super(`there is no projection ${facts.projection}`)
    this.projection = facts.projection
  }
}

/** A cursor that no page of this list gave out. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor'
  readonly field = 'cursor'
  constructor() {
    super('cursor must be the next_cursor of a page of the same list')
  }
}
