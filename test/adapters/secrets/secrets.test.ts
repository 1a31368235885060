import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSecrets } from '../../../src/adapters/secrets/secrets.ts'
import { type Secret, type SecretReference, SecretUnavailable } from '../../../src/domain/ports/secrets.ts'

let root: string
let first: string
let second: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'steward-secrets-'))
  first = join(root, 'first dir')
  second = join(root, 'second')
  mkdirSync(join(first, 'web'), { recursive: true })
  mkdirSync(second)
  put(join(first, 'web', 'key'), 'KEY\n')
  put(join(second, 'password'), 'PASSWORD')
  put(join(root, 'outside'), 'OUTSIDE')
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function put(path: string, text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
}
const secrets = (options: Partial<Parameters<typeof createSecrets>[0]> = {}) =>
  createSecrets({ directories: [first, second], environment: {}, ...options })
const refuses = async (reference: SecretReference, rule: SecretUnavailable['rule'], options = {}) => {
  const refusal: unknown = await secrets(options)
    .resolve(reference)
    .catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(SecretUnavailable)
  expect(refusal).toMatchObject({ rule, reference })
}

test('a relative name is found in the first directory, without the line feed at its end', async () => {
  expect((await secrets().resolve('file:web/key')).reveal()).toBe('KEY')
  await refuses('file:password', 'missing')
})

test('an absolute name is found in any of the directories', async () => {
  expect((await secrets().resolve(`file:${join(second, 'password')}`)).reveal()).toBe('PASSWORD')
})

test('only one line feed is taken off: a key file keeps its lines', async () => {
  put(join(first, 'pem'), 'a\nb\n\n')
  expect((await secrets().resolve('file:pem')).reveal()).toBe('a\nb\n')
})

test.each<SecretReference>([
  'file:../outside',
  'file:web/../../outside',
  'file:/etc/passwd',
  'file:/etc/there-is-no-such-file',
  'file:.',
  'file:a\0b',
])('%j is outside, whether it exists or not', async (reference) => {
  await refuses(reference, 'outside-secret-directories')
})

test('a directory whose name begins with that of a secret directory is not below it', async () => {
  mkdirSync(`${first}-other`)
  put(join(`${first}-other`, 'key'), 'x')
  await refuses(`file:${join(`${first}-other`, 'key')}`, 'outside-secret-directories')
})

test('a link that stays inside is followed, one that leaves is refused', async () => {
  symlinkSync(join(first, 'web', 'key'), join(first, 'inside'))
  symlinkSync(join(root, 'outside'), join(first, 'leaves'))
  symlinkSync(root, join(first, 'up'))
  expect((await secrets().resolve('file:inside')).reveal()).toBe('KEY')
  await refuses('file:leaves', 'outside-secret-directories')
  await refuses('file:up/outside', 'outside-secret-directories')
})

test('a secret directory may itself be a link', async () => {
  symlinkSync(first, join(root, 'link'))
  expect((await secrets({ directories: [join(root, 'link')] }).resolve('file:web/key')).reveal()).toBe('KEY')
})

test('a directory, a pipe and a socket are no secrets, and nobody waits for them', async () => {
  execFileSync('mkfifo', ['-m', '600', join(first, 'pipe')])
  const server = createServer().listen(join(first, 's'))
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    await refuses('file:web', 'not-a-regular-file')
    await refuses('file:pipe', 'not-a-regular-file')
    await refuses('file:s', 'not-a-regular-file')
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test.each([0o604, 0o602, 0o644, 0o666])('a file of mode %o is no secret', async (mode) => {
  put(join(first, 'open'), 'x', mode)
  await refuses('file:open', 'readable-by-others')
})

test('a file for owner and group is accepted: that is how orchestrators mount them', async () => {
  put(join(first, 'grouped'), 'x', 0o440)
  expect((await secrets().resolve('file:grouped')).reveal()).toBe('x')
})

test('what is empty or not there is missing', async () => {
  put(join(first, 'empty'), '\n')
  await refuses('file:empty', 'missing')
  await refuses('file:nobody', 'missing')
  await refuses('file:nobody', 'outside-secret-directories', { directories: [] })
})

test('a variable is read only when its name is allowed', async () => {
  const options = { environment: { DB_PASSWORD: 'x', HOME: '/root', EMPTY: '' }, allowedVariables: ['DB_PASSWORD', 'EMPTY', 'UNSET'] }
  expect((await secrets(options).resolve('env:DB_PASSWORD')).reveal()).toBe('x')
  await refuses('env:HOME', 'not-allow-listed', options)
  await refuses('env:EMPTY', 'missing', options)
  await refuses('env:UNSET', 'missing', options)
  await refuses('env:constructor', 'not-allow-listed', options)
})

test('whoever watches sees every secret that was read', async () => {
  const seen: Secret[] = []
  const given = await secrets({ onResolved: (secret: Secret) => seen.push(secret) }).resolve('file:web/key')
  expect(seen).toStrictEqual([given])
})

test('an error names the reference and the rule, never the value', async () => {
  put(join(first, 'open'), 'CANARY', 0o644)
  await expect(secrets().resolve('file:open')).rejects.toThrow(/^secret file:open: readable-by-others$/)
})
