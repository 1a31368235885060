import { expect, test } from 'vitest'
import type { KeyRecord } from '../../src/api/authenticate.ts'
import { createKnownKeys } from '../../src/api/known-keys.ts'

const RECORD: KeyRecord = { keyId: 'k1', name: 'ann', role: 'operator', owner: 'ann', expiresAt: null, revokedAt: null }

function keysOf(stored: Record<string, KeyRecord>) {
  let nowMs = 0
  let reads = 0
  const keys = createKnownKeys(
    {
      async bySha256(sha256) {
        reads++
        return stored[sha256]
      },
    },
    () => nowMs,
  )
  return { keys, stored, reads: () => reads, pass: (ms: number) => (nowMs += ms) }
}

test('a key that called a moment ago is not read again, for five seconds', async () => {
  const { keys, reads, pass } = keysOf({ a: RECORD })
  for (let call = 0; call < 3; call++) expect(await keys.bySha256('a')).toBe(RECORD)
  expect(reads()).toBe(1)
  pass(5_000)
  await keys.bySha256('a')
  expect(reads()).toBe(2)
})

test('a key that was revoked is refused at once, also while the read model still has it', async () => {
  const { keys } = keysOf({ a: RECORD, b: { ...RECORD, keyId: 'k2' } })
  await keys.bySha256('a')
  keys.revoked('k1')
  expect(await keys.bySha256('a')).toBeUndefined()
  expect((await keys.bySha256('b'))?.keyId).toBe('k2')
})

test('a key that was revoked while it was read is refused', async () => {
  const gate = Promise.withResolvers<KeyRecord>()
  const keys = createKnownKeys({ bySha256: () => gate.promise })
  const reading = keys.bySha256('a')
  keys.revoked('k1')
  gate.resolve(RECORD)
  expect(await reading).toBeUndefined()
})

test('what is no key is kept nowhere', async () => {
  const { keys, reads, stored } = keysOf({})
  expect(await keys.bySha256('a')).toBeUndefined()
  stored['a'] = RECORD
  expect(await keys.bySha256('a')).toBe(RECORD)
  expect(reads()).toBe(2)
})
