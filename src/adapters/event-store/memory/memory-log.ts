/**
 * The events of one log in memory, and those who wait for more. It outlives the stores over it, as a server outlives its clients, so that a
 * simulation can end a "process" and start another on the same log.
 */
import type { Position, RecordedEvent, StreamName } from '../../../domain/ports/event-store.ts'
import { UnknownPosition } from '../../../domain/ports/event-store.ts'

/** Positions of real stores have holes. These have too, so that nobody comes to count on neighbours. */
const POSITION_STEP = 10n

export type MemoryLog = Readonly<{
  /** In position order. */
  all: RecordedEvent[]
  streams: Map<StreamName, RecordedEvent[]>
  /** Called once, at the next append. */
  waiting: Set<() => void>
}>

export const createMemoryLog = (): MemoryLog => ({ all: [], streams: new Map(), waiting: new Set() })

export const headOf = (log: MemoryLog): Position | undefined => log.all.at(-1)?.position

export const nextPosition = (log: MemoryLog, index: number): Position => POSITION_STEP * BigInt(log.all.length + index + 1)

/**
 * The index behind `after`; 0n is the place before the first event.
 * @throws UnknownPosition
 */
export function indexAfter(log: MemoryLog, after: Position = 0n): number {
  const index = after / POSITION_STEP
  if (after < 0n || after % POSITION_STEP !== 0n || index > BigInt(log.all.length)) throw new UnknownPosition({ position: after })
  return Number(index)
}

export function record(log: MemoryLog, stream: StreamName, events: readonly RecordedEvent[]): void {
  const inStream = log.streams.get(stream) ?? []
  inStream.push(...events)
  log.streams.set(stream, inStream)
  log.all.push(...events)
  const woken = [...log.waiting]
  log.waiting.clear()
  for (const wake of woken) wake()
}
