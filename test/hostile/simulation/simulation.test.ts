/** The whole workflow under crashes, pauses, duplicates and lost answers; and the same with one guard taken out, which must be noticed. */
import { expect, test } from 'vitest'
import { simulate } from './world.ts'

/** `npm run simulate -- --seeds 5000` for more. */
const HISTORIES = 300
const CONTROL_HISTORIES = 10

test(`no history of ${HISTORIES} runs a step twice, loses an event, or leaves an incident hanging`, { timeout: 600_000 }, async () => {
  let crashes = 0
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const report = await simulate(seed)
    expect(report.violations, `npm run simulate -- --seed ${seed}`).toEqual([])
    crashes += report.crashes.length
  }
  expect(crashes).toBeGreaterThan(HISTORIES)
})

test('a history is the same whenever its seed is the same', async () => {
  expect(await simulate(7)).toEqual(await simulate(7))
})

test.each(['no-intent-record', 'derived-claim-ids'] as const)(
  'control: without its guard, %s is caught',
  { timeout: 300_000 },
  async (control) => {
    const caught: number[] = []
    for (let seed = 1; seed <= CONTROL_HISTORIES; seed++) {
      const { violations } = await simulate(seed, { control })
      if (violations.some((violation) => /was started \d+ times|ran \d+ times/.test(violation))) caught.push(seed)
    }
    expect(caught.length).toBeGreaterThan(CONTROL_HISTORIES / 2)
  },
)
