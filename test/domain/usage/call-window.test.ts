import { expect, test } from 'vitest'
import { createCallWindow } from '../../../src/domain/usage/call-window.ts'

const WINDOW_MS = 300_000
const call = (endedAtMs: number, durationMs = 10, isError = false) => ({ endedAtMs, durationMs, isError })

test('calls are counted for as long as the window is, and a tenth of it at most longer', () => {
  const window = createCallWindow(WINDOW_MS)
  window.add(call(0, 10, true))
  window.add(call(100_000))
  expect(window.read(100_000)).toMatchObject({ calls: 2, errors: 1 })
  expect(window.read(WINDOW_MS)).toMatchObject({ calls: 2 })
  expect(window.read(WINDOW_MS * 1.1)).toMatchObject({ calls: 1, errors: 0 })
  expect(window.read(WINDOW_MS * 2)).toStrictEqual({ calls: 0, errors: 0, p95Ms: null })
})

test('what nineteen of twenty calls do not exceed is within a hundredth of the exact figure', () => {
  const window = createCallWindow(WINDOW_MS)
  for (let number = 1; number <= 100; number++) window.add(call(number * 1_000, number * 10))
  const { p95Ms } = window.read(100_000)
  expect(Math.abs((p95Ms ?? 0) - 950)).toBeLessThanOrEqual(9.5)
})

test('a window that is never read does not grow without end', () => {
  const window = createCallWindow(10_000)
  for (let second = 0; second < 10_000; second++) window.add(call(second * 1_000))
  expect(window.read(9_999_000).calls).toBeLessThanOrEqual(11)
})
