import { describe, expect, test } from 'vitest'
import { COUNT_EVERY_MS, RECORD_EVERY_MS } from '../../../src/commands/detection/quiet-period.ts'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import type { Unseen } from '../../../src/commands/detection/visibility.ts'
import { createWatchFigures } from '../../../src/commands/detection/watch-figures.ts'
import { watchLog } from '../../../src/commands/detection/watch-log.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import { type Bench, createBench, failBefore } from '../support/bench.ts'
import { cursorAt, FedHost, linesOf } from '../support/fed-host.ts'
import { settled } from '../support/hand-clock.ts'
import { accountedFor, counts, detections, fault, matcher, memoryCursors, target } from './support.ts'

function watch(bench: Bench, { cursors, saves } = memoryCursors()) {
  const host = new FedHost()
  const stop = new AbortController()
  const lost = new AbortController()
  const told: unknown[] = []
  const running = watchLog({
    ...{ target, path: '/log', remote: host.remote, matcher, clock: bench.clock, cursors, signal: stop.signal, lost: lost.signal },
    record: createRecordAnomaly(bench),
    figures: createWatchFigures(bench.metrics),
    tools: bench,
    visible: async (path: string, unseen: Unseen | undefined) => void told.push([path, unseen]),
    gap: async (path, { reason }) => void told.push([path, reason]),
  })
  running.catch(() => undefined)
  return {
    ...{ host, saves, told, running, lost },
    async say(...reports: Parameters<FedHost['say']> extends [string, ...infer Reports] ? Reports : never) {
      host.say('/log', ...reports)
      await settled()
    },
    async end() {
      await settled()
      stop.abort(new Error('enough'))
      await running
    },
  }
}

describe('what a line says', () => {
  test('a line that a fault recognises is recorded with its place, and its like are counted', async () => {
    const bench = createBench()
    const { saves, say, end } = watch(bench)
    await say(linesOf(['fault a', 'harmless', 'fault a', 'fault b', 'fault a']))
    await end()
    expect(detections(bench)).toMatchObject([
      { faultId: fault.id, source: { kind: 'log', path: '/log', generation: 'g', offset: 0 }, hints: { what: { text: 'a' } } },
      { faultId: fault.id, source: { offset: 25 }, hints: { what: { text: 'b' } } },
    ])
    expect(counts(bench)).toMatchObject([{ count: 2, fromOffset: 17, toOffset: 41 }])
    expect(saves).toStrictEqual([41])
  })

  test('of lines that nothing recognises only critical ones are recorded, by their template', async () => {
    const bench = createBench()
    const line = (level: string, pid: number) => `2026/11/21 10:00:00 [${level}] ${pid}#${pid}: *1 something odd`
    const { say, end } = watch(bench)
    await say(linesOf([line('error', 1), line('warn', 2), line('crit', 3), line('crit', 4), 'no level at all']))
    await end()
    expect(detections(bench)).toMatchObject([{ severity: 'critical', source: { kind: 'log' } }])
    expect(detections(bench)[0]).not.toHaveProperty('faultId')
    expect(counts(bench)).toMatchObject([{ count: 1 }])
  })

  test('the same line at another place, or in another file, is another anomaly of the same fingerprint', async () => {
    const bench = createBench()
    for (const from of [0, 100]) {
      const { say, end } = watch(bench)
      await say(linesOf(['fault a'], { from }))
      await end()
    }
    const [first, second] = detections(bench)
    expect(first?.anomalyId).not.toBe(second?.anomalyId)
    expect(first?.fingerprintId).toBe(second?.fingerprintId)
  })

  test('gaps and blindness are told, and a gap moves the cursor', async () => {
    const bench = createBench()
    const { saves, told, say, end } = watch(bench)
    await say(
      { kind: 'blind', reason: 'missing', says: 'no such file' },
      { kind: 'blind', reason: 'host-unreachable', says: 'host h: timeout' },
      { kind: 'seeing' },
      { kind: 'gap', generation: 'g', fromOffset: 0, toOffset: 9, reason: 'truncated', cursor: cursorAt(9) },
    )
    await end()
    expect(told).toStrictEqual([
      ['/log', { reason: '/log: missing: no such file', host: 'reached' }],
      ['/log', { reason: '/log: host-unreachable: host h: timeout', host: 'lost' }],
      ['/log', undefined],
      ['/log', 'truncated'],
    ])
    expect(saves).toStrictEqual([9])
  })
})

describe('a flood', () => {
  test('of a thousand lines a second becomes a handful of events a minute, and every line is accounted for', async () => {
    const bench = createBench()
    const { say, end } = watch(bench)
    const seconds = 180
    let from = 0
    for (let second = 0; second < seconds; second++) {
      const lines = linesOf(
        Array.from({ length: 1_000 }, () => 'fault a'),
        { from },
      )
      from = lines.cursor.offset
      await say(lines)
      await bench.clock.advance(1_000)
    }
    const perMinute = Array.from(
      { length: 5 },
      (_, minute) => bench.all().filter(({ recordedAt }) => minuteOf(recordedAt) === minute).length,
    )
    await end()
    // At most one count in ten seconds, and one record at the end of each quiet period.
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(2 * (60_000 / RECORD_EVERY_MS))
    expect(perMinute.at(-1)).toBeLessThanOrEqual(60_000 / COUNT_EVERY_MS + 1)
    expect(accountedFor(bench)).toBe(seconds * 1_000)
    const ranges = counts(bench).map(({ fromOffset, toOffset }) => [fromOffset, toOffset])
    for (const [index, [begin = 0]] of ranges.slice(1).entries()) expect(begin).toBeGreaterThanOrEqual(ranges[index]?.[1] ?? 0)
  })

  const minuteOf = (at: string): number => Math.floor((Date.parse(at) - Date.parse('2026-11-21T10:00:00.000Z')) / 60_000)

  test('that falls silent is counted all the same, without another line', async () => {
    const bench = createBench()
    const { say, saves, end } = watch(bench)
    await say(linesOf(['fault a', 'fault a', 'fault a']))
    expect(counts(bench)).toStrictEqual([])
    await bench.clock.advance(RECORD_EVERY_MS - 1)
    expect(counts(bench)).toStrictEqual([])
    await bench.clock.advance(1)
    expect(counts(bench)).toMatchObject([{ count: 2, fromOffset: 8, toOffset: 24 }])
    expect(saves).toStrictEqual([24])
    await end()
  })

  test('through a rotation loses no count', async () => {
    const bench = createBench()
    const { say, end } = watch(bench)
    await say(linesOf(['fault a', 'fault a', 'fault a']), linesOf(['fault a', 'fault a'], { generation: 'h' }))
    await end()
    expect(accountedFor(bench)).toBe(5)
    expect(counts(bench)).toMatchObject([
      { count: 2, generation: 'g' },
      { count: 2, generation: 'h' },
    ])
  })
})

describe('the end of watching', () => {
  test('leaves no count behind', async () => {
    const bench = createBench()
    const { say, saves, end } = watch(bench)
    await say(linesOf(['fault a', 'fault a', 'fault b', 'fault b']))
    await end()
    expect(accountedFor(bench)).toBe(4)
    expect(saves).toStrictEqual([32])
  })

  test('leaves what was counted to whoever follows the log by now', async () => {
    const bench = createBench()
    const place = memoryCursors()
    const first = watch(bench, place)
    await first.say(linesOf(['fault a', 'fault a', 'fault a']))
    first.lost.abort()
    await first.end()
    expect(counts(bench)).toStrictEqual([])
    const second = watch(bench, place)
    await settled()
    expect(second.host.followed.get('/log')).toMatchObject({ start: 'oldest' })
    await second.say(linesOf(['fault a', 'fault a', 'fault a']))
    await second.end()
    expect(accountedFor(bench)).toBe(3)
  })

  test('is not held up by a store that is away; the lines are read again', async () => {
    const bench = createBench()
    const place = memoryCursors()
    const { host, say, running } = watch(bench, place)
    await say(linesOf(['fault a', 'fault a']))
    bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })))
    host.say('/log', new Error('the watch ends'))
    await expect(running).rejects.toThrow('the watch ends')
    expect(place.saves).toStrictEqual([])
  })

  test('of the log itself ends the following of it', async () => {
    const bench = createBench()
    const { host, say, running } = watch(bench)
    await say(linesOf(['fault a', 'fault a']))
    bench.interfere(failBefore(new Error('broken')))
    await bench.clock.advance(RECORD_EVERY_MS)
    await expect(running).rejects.toThrow('broken')
    expect(host.followed.size).toBe(0)
  })
})

describe('the cursor', () => {
  test('moves only behind lines whose detections are recorded', async () => {
    const bench = createBench()
    bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })))
    const { saves, say, running } = watch(bench)
    await say(linesOf(['fault a']))
    await expect(running).rejects.toBeInstanceOf(StoreUnavailable)
    expect(saves).toStrictEqual([])
  })

  test('moves on at once while nothing waits, and stays before a count that does', async () => {
    const bench = createBench()
    const { saves, say, end } = watch(bench)
    await say(linesOf(['fault a']))
    await say(linesOf(['fault a'], { from: 8 }))
    await say(linesOf(['harmless'], { from: 16 }))
    expect(saves).toStrictEqual([8])
    await bench.clock.advance(RECORD_EVERY_MS)
    expect(saves).toStrictEqual([8, 25])
    await end()
  })

  test('counts wait through an outage of the store, and are recorded once', async () => {
    const bench = createBench()
    const { saves, say, end } = watch(bench)
    await say(linesOf(['fault a', 'fault a']))
    const away = failBefore(new StoreUnavailable({ doing: 'test' }))
    bench.interfere(away, away, away)
    await bench.clock.advance(RECORD_EVERY_MS)
    expect(saves).toStrictEqual([])
    await bench.clock.advance(5_000)
    expect(counts(bench)).toMatchObject([{ count: 1 }])
    expect(saves).toStrictEqual([16])
    await end()
  })
})

describe('lines that are read again', () => {
  const texts = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 'fault b' : 'fault a'))
  /** Some at a time, with seconds in between, so that quiet periods end and counts are taken out on the way. */
  async function read(
    bench: Bench,
    { say }: ReturnType<typeof watch>,
    { atOnce, pauseMs, to = texts.length }: { atOnce: number; pauseMs: number; to?: number },
  ) {
    for (let first = 0; first < to; first += atOnce) {
      await say(linesOf(texts.slice(first, Math.min(to, first + atOnce)), { from: first * 8 }))
      await bench.clock.advance(pauseMs)
    }
  }

  test('record nothing twice, and nothing is missed', async () => {
    const bench = createBench()
    const first = watch(bench)
    await read(bench, first, { atOnce: 1, pauseMs: 3_000, to: 40 })
    await first.end()
    expect(accountedFor(bench)).toBe(40)
    // As when the cursor was lost: all of it again, from the oldest byte, in other pieces and at another speed, and then more.
    const second = watch(bench)
    await read(bench, second, { atOnce: 7, pauseMs: 10 })
    await second.end()
    expect(accountedFor(bench)).toBe(60)
  })

  test.each([1, 5, 11, 20, 33])('after a crash behind line %i, too', async (crashAfter) => {
    const bench = createBench()
    const place = memoryCursors()
    const first = watch(bench, place)
    await read(bench, first, { atOnce: 1, pauseMs: 700, to: crashAfter })
    first.lost.abort()
    await first.end()
    const cursor = place.saved.get('t /log')?.offset ?? 0
    const second = watch(bench, place)
    await second.say(linesOf(texts.slice(cursor / 8), { from: cursor }))
    await second.end()
    expect(accountedFor(bench)).toBe(60)
  })
})

test('figures say how much was read, what was recognised, and what cannot be read now', async () => {
  const bench = createBench()
  const { say, end } = watch(bench)
  await say(linesOf(['fault a', 'harmless', 'fault a'], { from: 100 }), { kind: 'blind', reason: 'missing', says: 'no such file' })
  expect(bench.figures).toEqual(
    expect.arrayContaining([
      'steward_log_lines_total nginx 3',
      'steward_log_bytes_total nginx 25',
      'steward_log_matches_total nginx nginx.backend-down 2',
      'steward_log_blind missing 1',
    ]),
  )
  await end()
  expect(bench.figures.filter((figure) => figure.startsWith('steward_log_blind missing')).at(-1)).toBe('steward_log_blind missing 0')
})
