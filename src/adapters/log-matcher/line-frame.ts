/**
 * How each service frames its lines: which line begins a record, and where its level stands. Only the service writes the frame; what a client
 * wrote comes after it. A line without a frame matches nothing.
 */
import type { Service } from '../../domain/catalogue/action.ts'

/** The level of a line as the service spells it; undefined for a continuation line, or one in a form we do not know. */
export function levelOf(service: Service, line: string): string | undefined {
  switch (service) {
    case 'nginx':
      return /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(\w{1,6})\] /.exec(line)?.[1]
    case 'postgresql':
      return postgresqlLevel(line)
    case 'redis':
      return redisLevels[/^\d{1,10}:[A-Z] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.\-*#]) /.exec(line)?.[1] ?? '']
    case 'odoo':
      return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d{1,10} ([A-Z]{4,8}) /.exec(line)?.[1]
  }
}

/** Whether a text is, or belongs to, a line of the service's log: then it is not the report of a client. */
export const isFramed = (service: Service, text: string): boolean => frames[service].test(text)

const frames: Readonly<Record<Service, RegExp>> = {
  nginx: /^\d{4}\/\d\d\/\d\d /,
  postgresql: /^(?:\t|\{|\d{4}-\d\d-\d\d )/,
  redis: /^\d{1,10}:[A-Z] /,
  odoo: /^\d{4}-\d\d-\d\d /,
}

const redisLevels: Readonly<Record<string, string>> = { '.': 'debug', '-': 'verbose', '*': 'notice', '#': 'warning' }

/** Continuation lines of the text format start with a tab; the levels of `jsonlog` stand in a field of their own, its quotes never inside a value. */
function postgresqlLevel(line: string): string | undefined {
  if (line.startsWith('\t')) return undefined
  if (line.startsWith('{')) return /"error_severity":"([A-Z]{3,7}[1-5]?)"/.exec(line)?.[1]
  return /[ :](DEBUG[1-5]|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC): {2}/.exec(line)?.[1]
}
