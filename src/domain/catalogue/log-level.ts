/** How bad a line says that it is. A claim of whoever wrote the line: it may call attention, and authorises nothing. */
import type { Severity } from '../severity.ts'
import type { Service } from './action.ts'

/** Undefined: the line is no record of this service's log on its own (a continuation, or something else). */
export function levelOf(service: Service, line: string): Severity | undefined {
  const word = patterns[service].exec(line)?.[1]
  return word === undefined ? undefined : words[service][word]
}

/** Anchored at the start of the line, where no client can write. */
const patterns: Readonly<Record<Service, RegExp>> = {
  nginx: /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(\w+)\] \d+#\d+: /,
  postgresql: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^"]{0,200}? (PANIC|FATAL|ERROR|WARNING|LOG|NOTICE|INFO): {1,2}/,
  redis: /^\d+:[A-Z] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.\-*#]) /,
  odoo: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (CRITICAL|ERROR|WARNING|INFO|DEBUG) /,
}

const words: Readonly<Record<Service, Readonly<Record<string, Severity>>>> = {
  nginx: { emerg: 'critical', alert: 'critical', crit: 'critical', error: 'error', warn: 'warning', notice: 'info', info: 'info' },
  postgresql: { PANIC: 'critical', FATAL: 'error', ERROR: 'error', WARNING: 'warning', LOG: 'info', NOTICE: 'info', INFO: 'info' },
  redis: { '#': 'warning', '*': 'info', '-': 'info', '.': 'info' },
  odoo: { CRITICAL: 'critical', ERROR: 'error', WARNING: 'warning', INFO: 'info', DEBUG: 'info' },
}
