import { expect, test } from 'vitest'
import {
  COUNT_EVERY_MS,
  FINGERPRINTS_PER_TARGET,
  PAUSE_MS,
  QuietPeriod,
  RECORD_AT_LEAST_EVERY_MS,
  RECORD_EVERY_MS,
} from '../../../src/commands/detection/quiet-period.ts'
import type { Detection } from '../../../src/domain/anomaly/events.ts'
import { instant, later } from '../../../src/domain/instant.ts'

const start = instant('2026-11-21T10:00:00.000Z')
/** As its owner does it: what is to be recorded is. */
class Quiet extends QuietPeriod {
  override see(detection: Detection, endOffset: number | undefined) {
    const what = super.see(detection, endOffset)
    if (what === 'record') this.recorded(detection)
    return what
  }
}
const sighting = (fingerprintId: string, offset: number, { atMs = 0, faultId = 'nginx.fault' } = {}): Detection => ({
  ...{ anomalyId: `a${offset}`, targetId: 't', hostId: 'h', service: 'nginx', faultId, title: 'x', severity: 'error' },
  ...{ fingerprint: 'f', fingerprintId, groupedBy: 'x', cooldownMs: 1, excerpt: { text: '' }, hints: {} },
  source: { kind: 'log', path: '/log', generation: 'g', offset },
  at: later(start, atMs),
})

test('the first of its kind is recorded, its like are counted by the bytes that they stand in', () => {
  const quiet = new Quiet()
  expect(quiet.see(sighting('a', 0), 10)).toBe('record')
  expect(quiet.see(sighting('a', 10), 20)).toBe('counted')
  expect(quiet.see(sighting('b', 20), 30)).toBe('record')
  expect(quiet.see(sighting('a', 30, { atMs: 7 }), 40)).toBe('counted')
  expect(quiet.drain(start)).toStrictEqual([
    { anomalyId: 'a0', count: 2, path: '/log', generation: 'g', fromOffset: 10, toOffset: 40, seenAt: later(start, 7) },
  ])
  expect(quiet.drain(start)).toStrictEqual([])
})

test('after the period it is recorded again', () => {
  const quiet = new Quiet()
  quiet.see(sighting('a', 0), 10)
  expect(quiet.see(sighting('a', 10, { atMs: RECORD_EVERY_MS - 1 }), 20)).toBe('counted')
  quiet.drain(start)
  expect(quiet.see(sighting('a', 20, { atMs: RECORD_EVERY_MS }), 30)).toBe('record')
})

test('a flood of different lines of one fault is bounded, and hides neither another fault nor itself', () => {
  const quiet = new Quiet()
  const recorded = Array.from({ length: 10_000 }, (_, index) => quiet.see(sighting(`f${index}`, index), index + 1)).filter(
    (what) => what === 'record',
  )
  expect(recorded).toHaveLength(FINGERPRINTS_PER_TARGET + 1)
  expect(quiet.see(sighting('real', 10_000, { faultId: 'nginx.config-broken' }), 10_001)).toBe('record')
  expect(quiet.drain(start).reduce((sum, { count }) => sum + count, 0)).toBe(10_000 - FINGERPRINTS_PER_TARGET - 1)
})

test('when a flood is over there is room again', () => {
  const quiet = new Quiet()
  for (let index = 0; index < 200; index++) quiet.see(sighting(`f${index}`, index), index + 1)
  quiet.drain(start)
  const atMs = RECORD_EVERY_MS
  expect(quiet.see(sighting('new', 200, { atMs }), 201)).toBe('record')
  expect(quiet.see(sighting('new', 201, { atMs }), 202)).toBe('counted')
  expect(quiet.see(sighting('newer', 202, { atMs }), 203)).toBe('record')
})

test('what lasts for days is recorded less and less often, and never less than every few minutes', () => {
  const quiet = new Quiet()
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
  const quiet = new Quiet()
  let atMs = 0
  for (; atMs < 3_600_000; atMs += 1_000) quiet.see(sighting('a', atMs, { atMs }), atMs + 1)
  expect(quiet.see(sighting('a', atMs, { atMs }), atMs + 1)).toBe('counted')
  quiet.drain(start)
  atMs += PAUSE_MS
  expect(quiet.see(sighting('a', atMs, { atMs }), atMs + 1)).toBe('record')
  atMs += RECORD_EVERY_MS
  expect(quiet.see(sighting('a', atMs, { atMs }), atMs + 1)).toBe('record')
})

test('counts are due with the end of the quiet period, and at the latest when the first of them has waited its time', () => {
  const quiet = new Quiet()
  expect(quiet.dueAt()).toBeUndefined()
  quiet.see(sighting('a', 0), 10)
  expect(quiet.dueAt()).toBeUndefined()
  quiet.see(sighting('a', 10, { atMs: 4_000 }), 20)
  quiet.see(sighting('a', 20, { atMs: 5_000 }), 30)
  expect(quiet.dueAt()).toBe(later(start, RECORD_EVERY_MS))
  quiet.drain(later(start, RECORD_EVERY_MS))
  expect(quiet.dueAt()).toBeUndefined()
})

test('however many quiet periods end, counts are taken out once in their time', () => {
  const quiet = new Quiet()
  const drained: number[] = []
  for (let atMs = 0; atMs < 600_000; atMs += 250) {
    const due = quiet.dueAt()
    if (due !== undefined && due <= later(start, atMs)) {
      quiet.drain(later(start, atMs))
      drained.push(atMs)
    }
    // Twenty fingerprints that begin one after the other, so that their periods end at all times.
    for (let each = 0; each < 20; each++) if (atMs >= each * 700) quiet.see(sighting(`f${each}`, atMs, { atMs }), atMs + 1)
  }
  const pauses = drained.slice(1).map((atMs, index) => atMs - (drained[index] ?? 0))
  expect(Math.min(...pauses)).toBe(COUNT_EVERY_MS)
  expect(drained.length).toBeGreaterThan(50)
})

test('counts that wait keep the anomaly that they belong to', () => {
  const quiet = new Quiet()
  quiet.see(sighting('a', 0), 10)
  quiet.see(sighting('a', 10, { atMs: 1 }), 20)
  expect(quiet.see(sighting('a', 20, { atMs: RECORD_EVERY_MS }), 30)).toBe('counted')
  expect(quiet.see(sighting('a', 30, { atMs: RECORD_EVERY_MS + PAUSE_MS }), 40)).toBe('counted')
  expect(quiet.drain(start)).toMatchObject([{ anomalyId: 'a0', count: 3, fromOffset: 10, toOffset: 40 }])
})

test('a rotation in between makes two counts and loses none', () => {
  const quiet = new Quiet()
  quiet.see(sighting('a', 0), 10)
  quiet.see(sighting('a', 10), 20)
  const next = sighting('a', 5)
  quiet.see({ ...next, source: { kind: 'log', path: '/log', generation: 'h', offset: 5 } }, 9)
  expect(quiet.drain(start)).toMatchObject([
    { count: 1, generation: 'g', fromOffset: 10, toOffset: 20 },
    { count: 1, generation: 'h', fromOffset: 5, toOffset: 9 },
  ])
})

test('where a log is read again, what its counts cover is passed over, and what follows is looked up anew', () => {
  const quiet = new Quiet()
  expect(quiet.see(sighting('a', 0), 10)).toBe('record')
  quiet.recorded(sighting('a', 0), 30)
  expect(quiet.see(sighting('a', 10), 20)).toBe('known')
  expect(quiet.see(sighting('a', 20), 30)).toBe('known')
  expect(quiet.see(sighting('a', 30), 40)).toBe('record')
  expect(quiet.see(sighting('a', 40), 50)).toBe('counted')
})
