/**
 * The log of the program itself: for its operator, not for the audit. Every line passes a scrubber, but nothing secret should reach it.
 * `requestId`, `correlationId` and `causationId` are the names that let a line be joined with the events.
 */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger
}

export type LogFields = Readonly<{ requestId?: string; correlationId?: string; causationId?: string; error?: unknown }> &
  Readonly<Record<string, unknown>>
