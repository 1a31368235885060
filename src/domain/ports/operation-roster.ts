import type { Position } from './event-store.ts'

/** Which operations on many items have not ended, as of a position of the log. What was begun later is heard of from the log. */
export interface OperationRoster {
  openBulk(): Promise<Readonly<{ operationIds: readonly string[]; position: Position | undefined }>>
}
