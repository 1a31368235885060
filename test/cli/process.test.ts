/** The command line as a shell sees it: exit codes, streams, where a key comes from. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exampleHost } from '../../src/api/schemas/host.ts'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { steward, stewardHere } from './support/run-cli.ts'

let api: FakeApi
let dir: string
beforeAll(async () => {
  api = await startFakeApi()
  dir = await mkdtemp(join(tmpdir(), 'steward-cli-'))
})
beforeEach(() => {
  api.asked.length = 0
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

const authorization = (): unknown => api.asked[0]?.headers.authorization

test('2: not understood, for a shell', async () => {
  expect(await steward(['hots', 'list'])).toMatchObject({ code: 2, stdout: '' })
})

test('0: data on standard output, nothing on standard error', async () => {
  const ran = await steward(['host', 'list'], { env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'k' } })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toContain(exampleHost.name)
})

test('0: JSON is what the API answered', async () => {
  const ran = await steward(['host', 'list', '--json'], { env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'k' } })
  expect(JSON.parse(ran.stdout)).toEqual({ items: [exampleHost], next_cursor: null, position: '4711' })
})

test('1: a refusal, with its code, its facts and the id of the request', async () => {
  api.on('hosts.retire', () => ({
    status: 412,
    body: { error: { code: 'CONCURRENCY_CONFLICT', message: 'Somebody else.', details: { at: '9' }, request_id: 'r-1' } },
  }))
  const ran = await steward(['host', 'delete', exampleHost.id, '--yes'], { env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'k' } })
  expect(ran.code).toBe(1)
  expect(ran.stdout).toBe('')
  for (const part of ['Somebody else. (CONCURRENCY_CONFLICT)', 'at: 9', 'request: r-1']) expect(ran.stderr).toContain(part)
})

test.for([
  { words: [], says: 'Usage: steward' },
  { words: ['hots', 'list'], says: 'Did you mean host?' },
  { words: ['host', 'lsit'], says: 'Did you mean list?' },
  { words: ['host', 'list', '--jsno'], says: 'Did you mean --json?' },
  { words: ['host', 'show'], says: "missing required argument 'host'" },
  { words: ['host', 'show', 'a', 'b'], says: 'too many arguments' },
  { words: ['target', 'mode', 'x', 'fly'], says: 'observe, propose, act' },
  { words: ['host', 'list', '--limit', '0'], says: 'whole number' },
  { words: ['host', 'list', '--url', 'ftp://x'], says: 'http or https' },
])('2: not understood: $words', async ({ words, says }) => {
  const ran = await stewardHere(words)
  expect(ran.code).toBe(2)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toContain(says)
})

test('2: a field that breaks a rule of the API is named', async () => {
  api.on('keys.create', () => ({
    status: 422,
    body: { error: { code: 'VALIDATION_FAILED', message: 'x', details: { issues: [{ field: 'body.name', rule: 'must be short' }] } } },
  }))
  const ran = await steward(['key', 'create', 'x', '--role', 'viewer', '--owner', 'me'], {
    env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'k' },
  })
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('  name: must be short')
})

test.for([401, 403])('4: %i', async (status) => {
  api.on('hosts.list', () => ({ status, body: { error: { code: 'NO', message: 'no' } } }))
  const ran = await stewardHere(['host', 'list', '--json'], { env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'k' } })
  api.on('hosts.list', () => undefined)
  expect(ran.code).toBe(4)
  expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'NO' } })
})

test('5: nobody answers', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => server.close(resolve))
  const ran = await steward(['host', 'list'], { env: { STEWARD_URL: `http://127.0.0.1:${port}` } })
  expect(ran.code).toBe(5)
  expect(ran.stderr).toContain('steward up')
})

test('what is no Steward is told from one', async () => {
  api.on('hosts.list', () => ({ status: 502, body: 'Bad gateway' }))
  const ran = await steward(['host', 'list'], { env: { STEWARD_URL: api.url } })
  api.on('hosts.list', () => undefined)
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('502')
})

test('a key comes from the variable, else from the file, else from the data directory', async () => {
  await mkdir(join(dir, '.steward'), { recursive: true })
  await writeFile(join(dir, '.steward', 'admin.key'), 'from-data\n', { mode: 0o600 })
  await writeFile(join(dir, 'key'), 'from-file\n', { mode: 0o600 })
  const env = { STEWARD_URL: api.url }
  await stewardHere(['host', 'list'], { cwd: dir, env })
  expect(authorization()).toBe('Bearer from-data')
  api.asked.length = 0
  await stewardHere(['host', 'list'], { cwd: dir, env: { ...env, STEWARD_API_KEY_FILE: 'key', STEWARD_API_KEY: '' } })
  expect(authorization()).toBe('Bearer from-file')
  api.asked.length = 0
  await stewardHere(['host', 'list'], { cwd: dir, env: { ...env, STEWARD_API_KEY_FILE: 'key', STEWARD_API_KEY: 'from-variable' } })
  expect(authorization()).toBe('Bearer from-variable')
  api.asked.length = 0
  await stewardHere(['host', 'list', '--api-key-file', 'key'], { cwd: dir, env: { ...env, STEWARD_API_KEY: 'from-variable' } })
  expect(authorization()).toBe('Bearer from-file')
})

test('a key file that others may read is told; one that holds no key is refused without showing what it holds', async () => {
  await writeFile(join(dir, 'loose'), 'k\n', { mode: 0o644 })
  await writeFile(join(dir, 'wrong'), 'two words\nand lines\n', { mode: 0o600 })
  expect(
    (await stewardHere(['host', 'list'], { cwd: dir, env: { STEWARD_URL: api.url, STEWARD_API_KEY_FILE: 'loose' } })).stderr,
  ).toContain('chmod 600')
  const wrong = await stewardHere(['host', 'list'], { cwd: dir, env: { STEWARD_URL: api.url, STEWARD_API_KEY_FILE: 'wrong' } })
  expect(wrong.code).toBe(4)
  expect(wrong.stderr).not.toContain('two words')
  expect((await stewardHere(['host', 'list'], { cwd: dir, env: { STEWARD_URL: api.url, STEWARD_API_KEY_FILE: 'none' } })).code).toBe(4)
})

test('help is the manual: every verb has a summary, and it ends with 0', async () => {
  const ran = await steward(['host', 'add', '--help'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  for (const part of ['Usage: steward host add', 'ssh-keygen -lf', '--fingerprint', '--json', 'Examples:'])
    expect(ran.stdout).toContain(part)
})

test('a reader that has seen enough is no failure', async () => {
  const { stdout } = await promisify(execFile)('bash', ['-c', `"$0" src/cli/main.ts --help | head -n 1`, process.execPath])
  expect(stdout).toMatch(/^Usage: steward/)
})

test('a reader that does not want to hear the reason still gets the exit code', async () => {
  const line = `"$0" src/cli/main.ts hots 2>&1 >/dev/null | head -n 0; echo "\${PIPESTATUS[0]}"`
  const { stdout } = await promisify(execFile)('bash', ['-c', line, process.execPath])
  expect(stdout.trim()).toBe('2')
})
