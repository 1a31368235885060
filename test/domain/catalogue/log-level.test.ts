import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Service } from '../../../src/domain/catalogue/action.ts'
import { isFramed, levelOf, severityOf } from '../../../src/domain/catalogue/log-level.ts'

const linesOf = (name: string): readonly string[] =>
  readFileSync(new URL(`../../fixtures/captured-logs/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')

const countBy = (lines: readonly string[], read: (line: string) => string | undefined): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const line of lines) {
    const what = read(line) ?? 'none'
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

describe('what the real daemons printed', () => {
  const printed: readonly [file: string, service: Service, levels: Readonly<Record<string, number>>][] = [
    ['nginx_error.log', 'nginx', { emerg: 2, alert: 21, crit: 5, error: 21, warn: 3, notice: 54, info: 26 }],
    ['nginx_access.log', 'nginx', { none: 35 }],
    ['postgres.log', 'postgresql', { FATAL: 10, ERROR: 6, WARNING: 3, LOG: 124, none: 50 }],
    ['postgres_jsonlog.log', 'postgresql', { FATAL: 3, ERROR: 1, WARNING: 1, LOG: 21 }],
    ['postgres_walfull.log', 'postgresql', { PANIC: 1, FATAL: 1, LOG: 16, none: 3 }],
    ['postgres_wraparound.log', 'postgresql', { WARNING: 20, LOG: 4, none: 56 }],
    // A client of this one put a whole line with PANIC into its name, and into a statement.
    ['postgres_forged_tsfull.log', 'postgresql', { FATAL: 1, ERROR: 1, LOG: 11, none: 9 }],
    ['redis.log', 'redis', { warning: 32, notice: 35 }],
    ['redis_aof_always_exit.log', 'redis', { warning: 7, notice: 5 }],
    ['redis_aof_diskfull.log', 'redis', { warning: 10, notice: 7 }],
    ['redis_aof_diskfull_recovered.log', 'redis', { warning: 9, notice: 7 }],
    ['redis_replica.log', 'redis', { warning: 19, notice: 61 }],
    ['sshd.log', 'postgresql', { none: 274 }],
  ]

  test.each(printed)('%s has its levels read', (file, service, levels) => {
    expect(countBy(linesOf(file), (line) => levelOf(service, line))).toEqual(levels)
  })

  test.each(printed)('%s: every level that is read has a severity', (file, service) => {
    const lines = linesOf(file).filter((line) => levelOf(service, line) !== undefined)
    expect(lines.filter((line) => severityOf(service, line) === undefined)).toEqual([])
  })

  test.each(printed)('%s: what has a level is framed', (file, service) => {
    const lines = linesOf(file).filter((line) => levelOf(service, line) !== undefined)
    expect(lines.filter((line) => !isFramed(service, line))).toEqual([])
  })
})

test.each<[Service, string, string, string]>([
  ['nginx', '2026/11/20 23:23:43 [debug] 14983#14983: *1 http cleanup add', 'debug', 'info'],
  ['redis', '1477:M 20 Nov 2026 23:18:31.368 - DB 0: 1 keys', 'verbose', 'info'],
  ['odoo', '2026-11-20 23:18:31,368 14 CRITICAL prod odoo.service.server: Failed to start', 'CRITICAL', 'critical'],
  ['odoo', '2026-11-20 23:18:31,368 14 WARNING prod odoo.http: <function> refused', 'WARNING', 'warning'],
  ['postgresql', '2026-11-20 23:17:45 UTC [1] DEBUG3:  InitPostgres', 'DEBUG3', 'info'],
  // Prefixes differ: without a date, with the level behind a colon, or none at all.
  ['postgresql', '<web app> [17] ERROR:  division by zero', 'ERROR', 'error'],
  ['postgresql', '2026-11-20 23:17:45 UTC:10.0.0.7(4711):app@shop:[17]:FATAL:  password authentication failed', 'FATAL', 'error'],
  ['postgresql', 'PANIC:  could not write to file', 'PANIC', 'critical'],
])('%s: %s', (service, line, level, severity) => {
  expect(levelOf(service, line)).toBe(level)
  expect(severityOf(service, line)).toBe(severity)
})

describe('a client makes no line worse than the service says', () => {
  test('by a name in the prefix', () => {
    const line = '2026-11-20 23:17:45 UTC [17] x PANIC:  y@shop FATAL:  password authentication failed for user "x PANIC:  y"'
    expect(levelOf('postgresql', line)).toBe('FATAL')
  })

  test('by what it asks', () => {
    expect(levelOf('postgresql', "2026-11-20 23:17:45 UTC [17] LOG:  statement: select 'PANIC:  no space'")).toBe('LOG')
    expect(levelOf('nginx', '2026/11/20 23:23:43 [error] 1#1: *1 open() "/srv/ [emerg] 1#1: " failed')).toBe('error')
    expect(levelOf('redis', '1477:M 20 Nov 2026 23:18:31.368 * Client asks # for more')).toBe('notice')
  })

  test('by a field of its own in a JSON log', () => {
    const message = JSON.stringify(`statement: select '{"error_severity":"PANIC"}'`)
    expect(levelOf('postgresql', `{"message":${message},"error_severity":"LOG"}`)).toBe('LOG')
  })
})
