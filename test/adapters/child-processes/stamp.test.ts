/** The number in the limits of a run. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { inKib, isOfPlace, newStamp, stampIn } from '../../../src/adapters/child-processes/stamp.ts'

const MARK = { place: 'fedcba9876543210' }

test('what the launcher sets is what the kernel shows, also behind a new session without environment', () => {
  const stamp = newStamp(MARK, () => false)
  const limits = execFileSync('sh', ['-c', `ulimit -m ${inKib(stamp)}; exec env -i setsid cat /proc/self/limits`], { encoding: 'utf8' })
  expect(stampIn(limits)).toBe(stamp)
})

test('a stamp is known as one of its own data directory, and of no other', () => {
  const stamp = newStamp(MARK, () => false)
  expect(isOfPlace(stamp, MARK)).toBe(true)
  expect(isOfPlace(stamp, { place: 'fedcba8876543210' })).toBe(false)
})

test('no two living runs have the same', () => {
  const taken = new Set<string>()
  let refused = 0
  const stamp = newStamp(MARK, (candidate) => {
    if (taken.size === 3) return taken.has(candidate)
    taken.add(candidate)
    refused += 1
    return true
  })
  expect(refused).toBe(3)
  expect(taken.has(stamp)).toBe(false)
})

test('a limit that somebody set for a reason is no stamp', () => {
  expect(stampIn('Max resident set          unlimited            unlimited            bytes     \n')).toBeUndefined()
  expect(stampIn('Max resident set          1073741824           1073741824           bytes     \n')).toBeUndefined()
  // Nine digits more than any machine has, but not ours.
  expect(isOfPlace('9223372036854774784', MARK)).toBe(false)
})
