import { expect, test } from 'vitest'
import {
  FINGERPRINTS_PER_TARGET,
  PAUSE_MS,
  QuietPeriod,
  RECORD_AT_LEAST_EVERY_MS,
  RECORD_EVERY_MS,
} from '../../../src/commands/detection/quiet-period.ts'
import type { Detection } from '../../../src/domain/anomaly/events.ts'
import { instant, later } from '../../../src/domain/instant.ts'

const start = instant('2026-11-21T10:00:00.000Z')
const sighting = (fingerprintId: string, offset: number, { atMs = 0, faultId = 'nginx.fault' } = {}): Detection => ({
  ...{ anomalyId: `a${offset}`, targetId: 't', hostId: 'h', service: 'nginx', faultId, title: 'x', severity: 'error' },
  ...{ fingerprint: 'f', fingerprintId, groupedBy: 'x', cooldownMs: 1, excerpt: { text: '' }, hints: {} },
  source: { kind: 'log', path: '/log', generation: 'g', offset },
  at: later(start, atMs),
})

test('the first of its kind is recorded, its like are counted by the bytes that they stand in', () => {
  const quiet = new QuietPeriod()
  expect(quiet.see(sighting('a', 0), 10)).toBe('record')
  expect(quiet.see(sighting('a', 10), 20)).toBe('counted')
  expect(quiet.see(sighting('b', 20), 30)).toBe('record')
  expect(quiet.see(sighting('a', 30), 40)).toBe('counted')
  expect(quiet.drain()).toStrictEqual([{ anomalyId: 'a0', count: 2, path: '/log', generation: 'g', fromOffset: 10, toOffset: 40 }])
  expect(quiet.drain()).toStrictEqual([])
})

test('after the period it is recorded again', () => {
  const quiet = new QuietPeriod()
  quiet.see(sighting('a', 0), 10)
  expect(quiet.see(sighting('a', 10, { atMs: RECORD_EVERY_MS - 1 }), 20)).toBe('counted')
  quiet.drain()
  expect(quiet.see(sighting('a', 20, { atMs: RECORD_EVERY_MS }), 30)).toBe('record')
})

test('a flood of different lines of one fault is bounded, and hides neither another fault nor itself', () => {
  const quiet = new QuietPeriod()
  const recorded = Array.from({ length: 10_000 }, (_, index) => quiet.see(sighting(`f${index}`, index), index + 1)).filter(
    (what) => what === 'record',
  )
  expect(recorded).toHaveLength(FINGERPRINTS_PER_TARGET + 1)
  expect(quiet.see(sighting('real', 10_000, { faultId: 'nginx.config-broken' }), 10_001)).toBe('record')
  expect(quiet.drain().reduce((sum, { count }) => sum + count, 0)).toBe(10_000 - FINGERPRINTS_PER_TARGET - 1)
})

test('when a flood is over there is room again', () => {
  const quiet = new QuietPeriod()
  for (let index = 0; index < 200; index++) quiet.see(sighting(`f${index}`, index), index + 1)
  quiet.drain()
  const atMs = RECORD_EVERY_MS
  expect(quiet.see(sighting('new', 200, { atMs }), 201)).toBe('record')
  expect(quiet.see(sighting('new', 201, { atMs }), 202)).toBe('counted')
  expect(quiet.see(sighting('newer', 202, { atMs }), 203)).toBe('record')
})

test('what lasts for days is recorded less and less often, and never less than every few minutes', () => {
  const quiet = new QuietPeriod()
  const everyMs = 15_000
  const recordedAt = Array.from({ length: (24 * 3_600_000) / everyMs }, (_, look) => look * everyMs).filter(
    (atMs) => quiet.see(sighting('a', atMs, { atMs }), undefined) === 'record',
  )
  const pauses = recordedAt.slice(1).map((atMs, index) => atMs - (recordedAt[index] ?? 0))
  expect(pauses.slice(0, 5)).toEqual([15_000, 15_000, 15_000, 15_000, 15_000])
  expect(Math.max(...pauses)).toBeLessThan(RECORD_AT_LEAST_EVERY_MS + everyMs)
  expect(recordedAt.length).toBeLessThan(300)
})

test('after a pause it has begun anew, and is recorded at once', () => {
  const quiet = new QuietPeriod()
  let atMs = 0
  for (; atMs < 3_600_000; atMs += 1_000) quiet.see(sighting('a', atMs, { atMs }), atMs + 1)
  expect(quiet.see(sighting('a', atMs, { atMs }), atMs + 1)).toBe('counted')
  quiet.drain()
  atMs += PAUSE_MS
  expect(quiet.see(sighting('a', atMs, { atMs }), atMs + 1)).toBe('record')
  atMs += RECORD_EVERY_MS
  expect(quiet.see(sighting('a', atMs, { atMs }), atMs + 1)).toBe('record')
})
