/**
 * How each service frames the lines of its log: which line begins a record, and how bad it says that it is. The service alone writes the frame; what
 * clients wrote comes behind it. A level is a claim all the same: it may call attention, and authorises nothing.
 */
import type { Severity } from '../severity.ts'
import type { Service } from './action.ts'

/** The level of a line in the words of the service; undefined for a continuation, or a form that we do not know. */
export function levelOf(service: Service, line: string): string | undefined {
  switch (service) {
    // An MCP server writes to its error stream whatever it likes: all of it is of one level, and none of it is more than a hint.
    case 'server':
      return 'stderr'
    case 'nginx':
      return /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(\w{1,6})\] \d{1,10}#\d{1,10}: /.exec(line)?.[1]
    case 'postgresql':
      return postgresqlLevel(line)
    case 'redis':
      return redisLevels[/^\d{1,10}:[A-Z] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.\-*#]) /.exec(line)?.[1] ?? '']
    case 'odoo':
      return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d{1,10} ([A-Z]{4,8}) /.exec(line)?.[1]
  }
}

/** How bad that is, in our words. */
export function severityOf(service: Service, line: string): Severity | undefined {
  const level = levelOf(service, line)
  return level === undefined ? undefined : severities[service][level]
}

/** Whether a text is, or belongs to, a line of the service's log: then it is not the report of a client. */
export const isFramed = (service: Service, text: string): boolean => frames[service].test(text)

const frames: Readonly<Record<Service, RegExp>> = {
  nginx: /^\d{4}\/\d\d\/\d\d /,
  postgresql: /^(?:\t|\{|\d{4}-\d\d-\d\d )/,
  redis: /^\d{1,10}:[A-Z] /,
  odoo: /^\d{4}-\d\d-\d\d /,
  server: /^(?!)/,
}

const redisLevels: Readonly<Record<string, string>> = { '.': 'debug', '-': 'verbose', '*': 'notice', '#': 'warning' }

/** What a line of the text format can be: a part of the record before it, which has no level of its own, or a record, from mild to bad. */
const postgresqlParts = ['DETAIL', 'HINT', 'QUERY', 'CONTEXT', 'LOCATION', 'BACKTRACE', 'STATEMENT']
const postgresqlLevels = ['DEBUG5', 'DEBUG4', 'DEBUG3', 'DEBUG2', 'DEBUG1', 'INFO', 'NOTICE', 'LOG', 'WARNING', 'ERROR', 'FATAL', 'PANIC']
const postgresqlMark = new RegExp(`(?:^|[ :])(${[...postgresqlParts, ...postgresqlLevels].join('|')}): {2}`, 'g')

/**
 * Continuations start with a tab; `jsonlog` has a field for the level, and no value can hold its quotes. The prefix of the text format is free, and
 * can hold names that a client chose: of several marks in a line all but one are forged, so the mildest is believed.
 */
function postgresqlLevel(line: string): string | undefined {
  if (line.startsWith('\t')) return undefined
  if (line.startsWith('{')) return /"error_severity":"([A-Z]{3,7}[1-5]?)"/.exec(line)?.[1]
  const marks = new Set(Array.from(line.matchAll(postgresqlMark), ([, mark]) => mark ?? ''))
  return postgresqlParts.some((part) => marks.has(part)) ? undefined : postgresqlLevels.find((level) => marks.has(level))
}

const severities: Readonly<Record<Service, Readonly<Record<string, Severity>>>> = {
  nginx: {
    emerg: 'critical',
    alert: 'critical',
    crit: 'critical',
    error: 'error',
    warn: 'warning',
    notice: 'info',
    info: 'info',
    debug: 'info',
  },
  postgresql: {
    PANIC: 'critical',
    FATAL: 'error',
    ERROR: 'error',
    WARNING: 'warning',
    LOG: 'info',
    NOTICE: 'info',
    INFO: 'info',
    DEBUG1: 'info',
    DEBUG2: 'info',
    DEBUG3: 'info',
    DEBUG4: 'info',
    DEBUG5: 'info',
  },
  redis: { warning: 'warning', notice: 'info', verbose: 'info', debug: 'info' },
  odoo: { CRITICAL: 'critical', ERROR: 'error', WARNING: 'warning', INFO: 'info', DEBUG: 'info' },
  server: { stderr: 'info' },
}
