import type { Instant } from '../instant.ts'

/** The way to stop all healing when nothing else answers: a file that an operator creates. */
export interface StopFile {
  /** Undefined when it is not there. */
  present(): Promise<PresentStopFile | undefined>
}

/** `since`: null when it cannot be found out, because the place where it would lie cannot be looked into. */
export type PresentStopFile = Readonly<{ path: string; since: Instant | null }>
