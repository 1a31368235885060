import { getEventListeners } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'

const clock = createSystemClock()
afterEach(() => {
  vi.useRealTimers()
})

test('now is the time of the machine in the one form of an instant', () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 21, 10, 30) })
  expect(clock.now()).toBe('2026-11-21T10:30:00.000Z')
})

test('a sleep ends when its time has passed, not before', async () => {
  vi.useFakeTimers()
  const woke = vi.fn()
  const sleeping = clock.sleep(1_000).then(woke)
  await vi.advanceTimersByTimeAsync(999)
  expect(woke).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await sleeping
  expect(woke).toHaveBeenCalledOnce()
})

test('a sleep longer than a timer can hold does not end at once', async () => {
  vi.useFakeTimers()
  const sixtyDaysMs = 60 * 86_400_000
  const woke = vi.fn()
  void clock.sleep(sixtyDaysMs).then(woke)
  await vi.advanceTimersByTimeAsync(sixtyDaysMs - 1)
  expect(woke).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(woke).toHaveBeenCalledOnce()
})

test('an aborted sleep rejects with the reason of the signal and leaves no timer', async () => {
  vi.useFakeTimers()
  const abort = new AbortController()
  const sleeping = clock.sleep(1_000, abort.signal)
  const reason = new Error('shutting down')
  abort.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
  expect(vi.getTimerCount()).toBe(0)
  await expect(clock.sleep(1_000, abort.signal)).rejects.toBe(reason)
})

test('a sleep that ends by itself leaves no listener on the signal', async () => {
  const { signal } = new AbortController()
  await clock.sleep(0, signal)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})
