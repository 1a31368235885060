/**
 * What comes out of a read of the log: the client's events, and marks between them, in their order. The marks travel through the client's own
 * buffer, so that none overtakes an event.
 */
import type { AllStreamResolvedEvent } from '@eventstore/db-client'

/** Told between the events of a subscription, in their order. */
export class CheckpointReached {
  readonly position: bigint
  constructor(position: bigint) {
    this.position = position
  }
}
/** All events that were there when the subscription began have come. Servers before 23.10 never say so. */
export class CaughtUp {}
/** Nothing came for a while. */
export class Silence {}
/** The reader stood still, and its stream was given back: read again behind the last event. */
export class Released {}

export type AllItem = AllStreamResolvedEvent | CheckpointReached | CaughtUp | Silence | Released

export type From = bigint | 'start' | 'end'

export const isResolved = (item: unknown): item is AllStreamResolvedEvent =>
  typeof item === 'object' &&
  item !== null &&
  !(item instanceof CheckpointReached || item instanceof CaughtUp || item instanceof Silence || item instanceof Released)

export const positionOf = ({ event, link, commitPosition }: AllStreamResolvedEvent): bigint | undefined =>
  commitPosition ?? (link ?? event)?.position.commit
