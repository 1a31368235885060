/** How talkative a server is asked to be: the levels of the protocol, from the most talkative to the quietest. */

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
export type LogLevel = (typeof LEVELS)[number]

export const isLogLevel = (level: unknown): level is LogLevel => LEVELS.some((known) => known === level)

/** A level that nobody knows is shown: it may be a new one. */
export const isLoudEnough = (level: string, wanted: LogLevel | undefined): boolean =>
  wanted === undefined || !isLogLevel(level) || LEVELS.indexOf(level) >= LEVELS.indexOf(wanted)

export const loudest = (levels: Iterable<LogLevel>): LogLevel | undefined => {
  const wanted = new Set(levels)
  return LEVELS.find((level) => wanted.has(level))
}
