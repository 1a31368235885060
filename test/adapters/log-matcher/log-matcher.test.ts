import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadFaults } from '../../../src/adapters/fault-files/fault-files.ts'
import { compileLogMatcher, PatternInvalid } from '../../../src/adapters/log-matcher/log-matcher.ts'
import type { Service } from '../../../src/domain/catalogue/action.ts'
import { type Fault, type LogDetection, REPORT } from '../../../src/domain/catalogue/fault.ts'
import { faultsDirectory } from '../../support/plan-remedy.ts'

const captured = fileURLToPath(new URL('../../fixtures/captured-logs/', import.meta.url))
const faults = await loadFaults(faultsDirectory, compileLogMatcher)

const detection = (match: string, level: readonly string[] = []): LogDetection => ({
  kind: 'log',
  log: 'error',
  level,
  match,
  examples: [],
  nearMisses: [],
})

const fault = (name: string, service: Service, ...detect: readonly LogDetection[]): Fault => ({
  id: `${service}.${name}`,
  title: name,
  service,
  severity: 'error',
  cooldownMs: 1_000,
  detect,
  diagnosis: name,
  remedies: [],
  runbook: 'none',
})

const line = (level: string, words: string): string => `2026/11/20 23:23:43 [${level}] 14983#14983: ${words}`

describe('a line', () => {
  test('is told with its number, its fault and the named groups as hints', () => {
    const one = fault('one', 'nginx', detection('^.* lost (?P<what>\\w+) at (?P<where>/\\S*)$'))
    const matches = compileLogMatcher([one]).match([line('error', 'well'), line('error', 'lost page at /srv/x'), line('error', 'well')])
    expect(matches).toEqual([{ index: 1, fault: one, hints: { what: 'page', where: '/srv/x' } }])
  })

  test('means the first fault in catalogue order that recognises it', () => {
    const [narrow, wide] = [fault('narrow', 'nginx', detection('^.*disk full')), fault('wide', 'nginx', detection('^.*disk'))]
    const said = line('error', 'disk full')
    expect(compileLogMatcher([narrow, wide]).match([said])[0]?.fault.id).toBe('nginx.narrow')
    expect(compileLogMatcher([wide, narrow]).match([said])[0]?.fault.id).toBe('nginx.wide')
  })

  test('of another level is not meant', () => {
    const matcher = compileLogMatcher([fault('one', 'nginx', detection('^.*disk full', ['crit']))])
    expect(matcher.match([line('error', 'disk full [crit]')])).toEqual([])
    expect(matcher.match([line('crit', 'disk full')])).toHaveLength(1)
  })

  test('without the frame of its service never matches', () => {
    const matcher = compileLogMatcher([fault('one', 'postgresql', detection('^.*disk full'))])
    expect(matcher.match(['\t2026-11-20 23:23:11.655 UTC [1] LOG:  disk full', 'disk full', ''])).toEqual([])
    expect(matcher.match(['2026-11-20 23:23:11.655 UTC [1] LOG:  disk full'])).toHaveLength(1)
  })
})

test('a report needs no frame and no level', () => {
  const one = fault('one', 'redis', { ...detection('^.*not allowed'), log: REPORT })
  const matcher = compileLogMatcher([one])
  expect(matcher.match(['OOM command not allowed'])).toHaveLength(1)
  // A line of the log that holds the same words is no report.
  expect(matcher.match(['1477:M 20 Nov 2026 23:18:40.000 # OOM command not allowed'])).toEqual([])
})

test('the prefilter never changes an answer: with it and without it, every line means the same', () => {
  const words = fc.constantFrom('disk', 'full', 'is', 'Full', 'di', 'sk', 'failed (28', '[crit]', ' ', '  ', 'ü', '"', 'x')
  const patterns = fc.constantFrom(
    '^.*disk is full',
    '^.*(?:disk|full) +is',
    '^.*(?:disk)?full',
    '^.*fa[a-z]+ed \\(28',
    '^.*x{3,}full',
    '^.*(?:(?:disk|sk)full|is +is)$',
    '^.*[^d]isk.full',
    '^.* \\[crit\\] ',
    '^.*ü+disk',
    '^.*disk*full',
    '^.*(full|)disk',
  )
  fc.assert(
    fc.property(
      fc.array(fc.array(words, { maxLength: 8 }), { maxLength: 6 }),
      fc.array(patterns, { minLength: 1, maxLength: 5 }),
      (texts, chosen) => {
        const lines = texts.map((text) => line('error', text.join('')))
        const all = chosen.map((match, index) => fault(`f${index}`, 'nginx', detection(match)))
        const expected = lines.flatMap((text, index) => {
          const first = all.find(({ detect: [only] }) => only?.kind === 'log' && new RegExp(only.match, 'u').test(text))
          return first === undefined ? [] : [`${index} ${first.id}`]
        })
        expect(
          compileLogMatcher(all)
            .match(lines)
            .map(({ index, fault: { id } }) => `${index} ${id}`),
        ).toEqual(expected)
      },
    ),
    { numRuns: 500 },
  )
})

test('a pattern that would need backtracking is refused, and named', () => {
  expect(() => compileLogMatcher([fault('one', 'nginx', detection('^(a)\\1'))])).toThrow(PatternInvalid)
  expect(() => compileLogMatcher([fault('one', 'nginx', detection('^(?=a)'))])).toThrow('not a pattern that RE2 can run')
})

// A backtracking engine needs longer than the age of the universe for this, and would meet the time-out of the test.
test('a line made to stall a backtracking engine does not', () => {
  const matcher = compileLogMatcher([fault('one', 'nginx', detection('^.*((a+)+)+disk$'))])
  expect(matcher.match([line('error', `${'a'.repeat(50_000)} disk!`)])).toEqual([])
})

describe('what the real daemons printed', () => {
  const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    'nginx_error.log': {
      'nginx.backend-down': 3,
      'nginx.broken-configuration': 1,
      'nginx.permission-denied': 1,
      'nginx.too-many-open-files': 16,
    },
    'postgres_jsonlog.log': { 'postgresql.connections-exhausted': 3 },
    'postgres.log': { 'postgresql.bad-setting': 2, 'postgresql.connections-exhausted': 5, 'postgresql.lock-held': 1 },
    'redis.log': { 'redis.snapshot-directory-closed': 2 },
  }
  const logs = readdirSync(captured).filter((name) => name.endsWith('.log'))

  test('is there', () => expect(logs.length).toBeGreaterThan(10))

  test.each(logs)('%s', (name) => {
    const counted: Record<string, number> = {}
    const lines = readFileSync(join(captured, name), 'utf8').split('\n')
    for (const { fault: found } of compileLogMatcher(faults).match(lines)) counted[found.id] = (counted[found.id] ?? 0) + 1
    expect(counted).toEqual(expected[name] ?? {})
  })
})
