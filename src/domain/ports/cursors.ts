import type { LogCursor } from './remote-host.ts'

/** Where log following stands, per target and path. Not derivable from the log; when lost, reading begins at the oldest byte still there. */
export interface LogCursors {
  load(targetId: string, path: string): Promise<LogCursor | undefined>
  save(targetId: string, path: string, cursor: LogCursor): Promise<void>
  forget(targetId: string): Promise<void>
}
