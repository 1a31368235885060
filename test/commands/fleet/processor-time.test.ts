import { expect, test } from 'vitest'
import { createProcessorTimes } from '../../../src/commands/fleet/processor-time.ts'
import { instant } from '../../../src/domain/instant.ts'

const at = (seconds: number) => instant(new Date(Date.UTC(2026, 10, 21) + seconds * 1_000).toISOString())

/** Readings of one server: at which second, of which run, how many seconds of processor time. */
function readings(...given: readonly (readonly [second: number, runId: string, cpuSeconds: number])[]) {
  const times = createProcessorTimes()
  return given.map(([second, runId, cpuSeconds]) => times.take({ serverId: 's-1', runId, cpuSeconds, at: at(second) }))
}

test('a share needs two readings of one run', () => {
  expect(readings([0, 'a', 10], [10, 'a', 15])).toEqual([
    { seconds: 10, percent: null },
    { seconds: 15, percent: 50 },
  ])
})

test('two that ask within a second are told the same share', () => {
  const told = readings([0, 'a', 0], [2, 'a', 1], [2.1, 'a', 1.1], [4, 'a', 2])
  expect(told.map(({ percent }) => percent)).toEqual([null, 50, 50, 50])
})

test('a new run adds to the time of those before it, and its share is not known yet', () => {
  expect(readings([0, 'a', 10], [5, 'b', 1], [10, 'b', 2])).toEqual([
    { seconds: 10, percent: null },
    { seconds: 11, percent: null },
    { seconds: 12, percent: 20 },
  ])
})

test('the time never becomes less, although a process takes its own with it when it ends unseen', () => {
  expect(readings([0, 'a', 10], [5, 'a', 4], [10, 'a', 5]).map(({ seconds }) => seconds)).toEqual([10, 10, 11])
})

test('readings that lie far apart, or whose clock was set back, say nothing of now', () => {
  expect(readings([0, 'a', 0], [3_600, 'a', 1_800]).at(-1)).toEqual({ seconds: 1_800, percent: null })
  expect(readings([100, 'a', 0], [50, 'a', 1]).at(-1)).toEqual({ seconds: 1, percent: null })
})

test('of a server that does not run the time of before is known, and of one that is forgotten nothing', () => {
  const times = createProcessorTimes()
  times.take({ serverId: 's-1', runId: 'a', cpuSeconds: 3, at: at(0) })
  expect(times.of('s-1')).toEqual({ seconds: 3, percent: null })
  times.keep(new Set(['s-2']))
  expect(times.of('s-1')).toBeUndefined()
})
