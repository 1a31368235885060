import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Caller, createCallerWatch } from '../../../src/adapters/mcp/caller-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watching() {
  const ended: string[] = []
  const open = new Set(['key-1'])
  const watch = createCallerWatch({
    holds: (principal) => open.has(principal),
    async end(principal) {
      ended.push(principal)
    },
  })
  return { watch, ended, open }
}

const caller = (more: Partial<Caller> = {}): Caller => ({ principal: 'key-1', ...more })

it('ends what is open of a key within a second of its expiry', async () => {
  const { watch, ended } = watching()
  watch.saw(caller({ expiresAtMs: Date.now() + 3_500 }))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(ended).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(ended).toEqual(['key-1'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ended).toEqual(['key-1'])
  watch.close()
})

it('ends what is open of a key that lost its right to call, and not while that cannot be found out', async () => {
  const { watch, ended } = watching()
  const answers: (() => Promise<boolean>)[] = [async () => true, () => Promise.reject(new Error('database')), async () => false]
  watch.saw(caller({ stillAllowed: () => answers.shift()?.() ?? Promise.resolve(true) }))
  await vi.advanceTimersByTimeAsync(31_000)
  expect([ended, answers.length]).toEqual([[], 1])
  await vi.advanceTimersByTimeAsync(15_000)
  expect(ended).toEqual(['key-1'])
  watch.close()
})

it('asks nothing of keys that have nothing open', async () => {
  const { watch, open } = watching()
  open.clear()
  const stillAllowed = vi.fn(async () => true)
  watch.saw(caller({ stillAllowed }))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(stillAllowed).not.toHaveBeenCalled()
  watch.close()
})
