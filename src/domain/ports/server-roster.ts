import type { Position } from './event-store.ts'

/** Which servers there were at a position of the log. What came later is heard of from the log. */
export interface ServerRoster {
  servers(): Promise<Readonly<{ serverIds: readonly string[]; position: Position | undefined }>>
}
