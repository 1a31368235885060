import { expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'

// FIPS 180-4 examples, and one outside ASCII to pin UTF-8.
test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['ü', '607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f'],
])('sha256 of %j', (text, digest) => {
  expect(createHasher().sha256(text)).toBe(digest)
})
