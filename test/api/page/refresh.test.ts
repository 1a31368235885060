/** How the page asks again: never more than one question at a time, and never without the last reason for it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Refusal } from '../../../src/api/page/api.js'
import { createRefresher } from '../../../src/api/page/refresh.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const fail = (error: unknown) => {
  throw error
}

test('a hundred reasons while one question is open are one more question, for the latest position', async () => {
  const asked: (string | undefined)[] = []
  const first = Promise.withResolvers<void>()
  const { refresh } = createRefresher(
    async (position) => {
      asked.push(position)
      if (asked.length === 1) await first.promise
    },
    { onError: fail },
  )
  for (let position = 90; position < 190; position++) refresh(String(position))
  expect(asked).toEqual(['90'])
  first.resolve()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(asked).toEqual(['90', '189'])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toHaveLength(2)
})

test('a read model that lags is asked again; what is refused for good is not', async () => {
  const refusals = [503, 404].map((status) => new Refusal({ status, code: 'X', message: 'x' }))
  const told: unknown[] = []
  let asked = 0
  const { refresh } = createRefresher(async () => fail(refusals[asked++]), { onError: (error) => void told.push(error) })
  refresh()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toBe(2)
  expect(told).toEqual(refusals)
})

test('nothing is asked after the end, and no error of an old question is told', async () => {
  const open = Promise.withResolvers<void>()
  let asked = 0
  const refresher = createRefresher(
    async () => {
      asked += 1
      await open.promise
    },
    { onError: fail },
  )
  refresher.refresh()
  refresher.refresh()
  refresher.close()
  open.reject(new Error('the view has gone'))
  await vi.advanceTimersByTimeAsync(60_000)
  refresher.refresh()
  expect(asked).toBe(1)
})
