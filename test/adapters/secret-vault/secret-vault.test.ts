import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSecretVault } from '../../../src/adapters/secret-vault/secret-vault.ts'
import { createSecrets } from '../../../src/adapters/secrets/secrets.ts'
import { Secret } from '../../../src/domain/ports/secrets.ts'

let root: string
let directory: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'steward-vault-'))
  directory = join(root, 'secrets')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const vault = () => createSecretVault({ directories: [directory] })
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test.each(['value', 'two\nlines', 'ends\n', 'ends\r\n', 'ünï 🙂'])('what is kept is what is resolved: %j', async (value) => {
  const reference = await vault().put('imported/files/TOKEN', new Secret(value))
  expect(reference).toBe('file:imported/files/TOKEN')
  const secrets = createSecrets({ directories: [directory], environment: {} })
  expect((await secrets.resolve(reference)).reveal()).toBe(value)
})

test('the file is for its owner only, and so is every directory above it, whatever the mask', async () => {
  const before = process.umask(0)
  try {
    await vault().put('imported/files/TOKEN', new Secret('x'))
  } finally {
    process.umask(before)
  }
  expect(modeOf(join(directory, 'imported/files/TOKEN'))).toBe('600')
  expect(modeOf(join(directory, 'imported/files'))).toBe('700')
  expect(modeOf(join(directory, 'imported'))).toBe('700')
  expect(readdirSync(join(directory, 'imported/files'))).toStrictEqual(['TOKEN'])
})

test('the same value again changes nothing, another one is refused and the first one stays', async () => {
  await vault().put('a/b', new Secret('x'))
  await vault().put('a/b', new Secret('x'))
  await expect(vault().put('a/b', new Secret('y'))).rejects.toMatchObject({ rule: 'name-taken' })
  expect(readFileSync(join(directory, 'a/b'), 'utf8')).toBe('x')
  chmodSync(join(directory, 'a/b'), 0o644)
  await expect(vault().put('a/b', new Secret('x'))).rejects.toMatchObject({ rule: 'name-taken' })
})

test('of many that put different values at once, one wins whole', async () => {
  const values = Array.from({ length: 20 }, (_, index) => `value-${index}`)
  const results = await Promise.allSettled(values.map((value) => vault().put('a/b', new Secret(value))))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(values).toContain(readFileSync(join(directory, 'a/b'), 'utf8'))
  expect(readdirSync(join(directory, 'a'))).toStrictEqual(['b'])
})

test('nothing is written through a link that leads elsewhere', async () => {
  mkdirSync(directory)
  mkdirSync(join(root, 'outside'))
  symlinkSync(join(root, 'outside'), join(directory, 'imported'))
  await expect(vault().put('imported/x', new Secret('x'))).rejects.toMatchObject({ rule: 'outside-secret-directories' })
  await expect(vault().withdraw('imported')).rejects.toMatchObject({ rule: 'outside-secret-directories' })
  mkdirSync(join(directory, 'b'))
  writeFileSync(join(root, 'outside', 'file'), 'kept')
  symlinkSync(join(root, 'outside', 'file'), join(directory, 'b', 'x'))
  await expect(vault().put('b/x', new Secret('x'))).rejects.toMatchObject({ rule: 'name-taken' })
  expect(readFileSync(join(root, 'outside', 'file'), 'utf8')).toBe('kept')
})

test.each(['../x', 'a/../../x', '/etc/x', 'x', 'a/b\0', 'a//b', 'a/.b', `a/${'x'.repeat(101)}`])('%j is no name', async (name) => {
  await expect(vault().put(name, new Secret('x'))).rejects.toMatchObject({ rule: 'invalid-name' })
})

test('an empty secret is none, and without a directory nothing is kept', async () => {
  await expect(vault().put('a/b', new Secret(''))).rejects.toMatchObject({ rule: 'empty' })
  await expect(createSecretVault({ directories: [] }).put('a/b', new Secret('x'))).rejects.toMatchObject({ rule: 'no-directory' })
})

test('withdrawing takes a folder with all its files; one that is not there is no error', async () => {
  await vault().put('imported/files/A', new Secret('x'))
  await vault().put('imported/files/B', new Secret('x'))
  await vault().put('imported/other/A', new Secret('x'))
  await vault().withdraw('imported/files')
  await vault().withdraw('imported/files')
  expect(readdirSync(join(directory, 'imported'))).toStrictEqual(['other'])
})

test('every value is told to the scrubber, and no error holds one', async () => {
  const told: string[] = []
  const heard = createSecretVault({ directories: [directory], onKept: (secret) => void told.push(secret.reveal()) })
  await heard.put('a/b', new Secret('CANARY-1'))
  const error: unknown = await heard.put('a/b', new Secret('CANARY-2')).catch((caught: unknown) => caught)
  expect(told).toStrictEqual(['CANARY-1', 'CANARY-2'])
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('CANARY')
})
