import { expect, test } from 'vitest'
import { createPatience } from '../../../src/adapters/ssh/patience.ts'
import { defaultTuning } from '../../../src/adapters/ssh/tuning.ts'
import type { Clock } from '../../../src/domain/ports/clock.ts'
import { HostUnreachable } from '../../../src/domain/ports/remote-host.ts'

function slept(): { clock: Pick<Clock, 'sleep'>; ms: number[] } {
  const ms: number[] = []
  return {
    ms,
    clock: {
      async sleep(forMs) {
        ms.push(forMs)
      },
    },
  }
}
const tuning = { ...defaultTuning, reconnectInitialMs: 100, reconnectMaxMs: 1_000 }
const failure = (rule: HostUnreachable['rule']) => new HostUnreachable({ hostId: 'web-1', rule })
const { signal } = new AbortController()

test('waits longer each time, up to a limit, and begins again after a success', async () => {
  const { clock, ms } = slept()
  const patience = createPatience(clock, tuning, () => 1)
  for (let n = 0; n < 6; n += 1) await patience.wait(failure('refused'), signal)
  patience.reset()
  await patience.wait(failure('refused'), signal)
  expect(ms).toStrictEqual([100, 200, 400, 800, 1_000, 1_000, 100])
})

test('no two wait for the same time: half of it is chance', async () => {
  const { clock, ms } = slept()
  for (const chance of [0, 0.5, 1]) await createPatience(clock, tuning, () => chance).wait(failure('timeout'), signal)
  expect(ms).toStrictEqual([50, 75, 100])
})

test('a host that refuses our key is not asked often', async () => {
  const { clock, ms } = slept()
  for (const rule of ['key-rejected', 'host-key-mismatch', 'key-unreadable'] as const) {
    await createPatience(clock, tuning, () => 1).wait(failure(rule), signal)
  }
  expect(ms).toStrictEqual([1_000, 1_000, 1_000])
})
