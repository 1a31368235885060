/** What managed servers wrote on their error streams: one bounded file per life of a server. */
export interface ServerLogs {
  /** Where a life writes. The directory is there when it resolves. */
  pathOf(name: string, runId: string): string
  /**
   * The last `limit` lines of the newest life, the oldest line first; with `after` the next ones behind it, going on with the lives that followed.
   * Empty when nothing was ever written.
   * @throws InvalidLogCursor
   */
  read(name: string, options: Readonly<{ limit: number; after?: string | undefined }>): Promise<ServerLogLines>
}

export type ServerLogLines = Readonly<{
  lines: readonly Readonly<{ runId: string; text: string }>[]
  /** To be given as `after`, also when there is no line yet. */
  cursor: string
}>

/** The cursor was not made here. */
export class InvalidLogCursor extends Error {
  override readonly name = 'InvalidLogCursor'
}
