/** The program's own log: one JSON object per line, scrubbed at the very end. Logging never throws into the work that it tells of. */
import { destination, type LogFn, type Logger as Pino, pino, stdSerializers } from 'pino'
import type { LogFields, Logger } from '../../domain/ports/logger.ts'
import { createScrubber, type Scrubber } from './scrubber.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export type LoggerOptions = Readonly<{
  level: LogLevel
  /** Where lines go. Default: standard output, written before the call returns, so that the last words of a process are not lost. */
  stream?: { write(line: string): void }
  scrubber?: Scrubber
}>

export function createLogger({ level, stream = destination({ dest: 1, sync: true }), scrubber = createScrubber() }: LoggerOptions): Logger {
  return wrap(
    pino(
      {
        level,
        messageKey: 'message',
        errorKey: 'error',
        base: { service: 'steward', pid: process.pid },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: stdSerializers.errWithCause },
        hooks: { streamWrite: (line) => scrubber.scrub(line) },
      },
      stream,
    ),
  )
}

const wrap = (logger: Pino): Logger => ({
  debug: (fields, message) => write(logger, 'debug', fields, message),
  info: (fields, message) => write(logger, 'info', fields, message),
  warn: (fields, message) => write(logger, 'warn', fields, message),
  error: (fields, message) => write(logger, 'error', fields, message),
  child: (fields) => wrap(logger.child(fields)),
})

function write(logger: Pino, level: 'debug' | 'info' | 'warn' | 'error', fields: LogFields, message: string): void {
  const log: LogFn = logger[level].bind(logger)
  try {
    // As an argument, not as a format: a message from outside may hold a percent sign.
    log(fields, '%s', message)
  } catch (cause) {
    // A getter or a toJSON that throws. The message matters more than the fields.
    log({ unloggable: cause instanceof Error ? cause.message : 'unknown' }, '%s', message)
  }
}
