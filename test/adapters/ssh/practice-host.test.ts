import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startPracticeHost } from '../../../src/adapters/ssh/practice-host.ts'
import { type HostUnderTest, openHostUnderTest } from '../../contract/support/host-under-test.ts'
import { readLog } from '../../contract/support/log-reader.ts'
import { isRunning } from '../../support/is-running.ts'
import { until } from '../../support/until.ts'

let current: HostUnderTest
beforeEach(async () => {
  current = await openHostUnderTest({ start: (dir) => startPracticeHost({ dir, env: { GREETING: 'hello' }, shell: shell() }) })
})
afterEach(() => current[Symbol.asyncDispose]())

/** Root may read everything, so for root the commands run as nobody. */
const isRoot = process.getuid?.() === 0
function shell(): readonly [string, ...string[]] {
  return isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--', '/bin/sh', '-c'] : ['/bin/sh', '-c']
}

test('commands run in the scratch directory, with the given environment', async () => {
  const output = await current.host.execute(
    { kind: 'exec', argv: ['sh', '-c', 'pwd; echo "$GREETING"; echo "$HOME"'] },
    { timeoutMs: 5_000 },
  )
  const home = current.path('home')
  expect(output).toMatchObject({ stdout: `${home}\nhello\n${home}\n` })
})

test('it is the same host when it is started again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'practice-'))
  const first = await startPracticeHost({ dir })
  await first.close()
  const again = await startPracticeHost({ dir, port: first.port })
  expect(again).toMatchObject({ hostKey: first.hostKey, privateKeyPath: first.privateKeyPath, port: first.port })
  expect(statSync(again.privateKeyPath).mode & 0o777).toBe(0o600)
  await again.close()
  rmSync(dir, { recursive: true })
})

test('what was started on it ends with it, also a daemon that left its session, and nobody else does', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'practice-'))
  const practice = await startPracticeHost({ dir })
  const bystander = spawn('sleep', ['60'])
  const host = current.hosts.open({ ...current.address(), ...practice, hostId: 'other', privateKey: `file:${practice.privateKeyPath}` })
  const body = 'setsid sh -c "trap \\"\\" TERM; echo \\$\\$ > daemon; while :; do sleep 1; done" </dev/null >/dev/null 2>&1 & sleep 0.2'
  await host.execute({ kind: 'exec', argv: ['sh', '-c', body] }, { timeoutMs: 5_000 })
  await until(() => existsSync(join(dir, 'home', 'daemon')) && readFileSync(join(dir, 'home', 'daemon'), 'utf8') !== '')
  const pid = Number(readFileSync(join(dir, 'home', 'daemon'), 'utf8'))
  await practice.close()
  expect(isRunning(pid)).toBe(false)
  expect(bystander.exitCode).toBeNull()
  bystander.kill()
  rmSync(dir, { recursive: true })
})

test('a log that may not be read is said to be unreadable, and is read when it may', async () => {
  const log = current.path('app.log')
  chmodSync(current.dir, 0o755)
  writeFileSync(log, 'first\n')
  chmodSync(log, 0o000)
  await using reader = readLog(current.host, log, { start: 'oldest' })
  await reader.says('blind:unreadable')
  chmodSync(log, 0o644)
  await reader.has(1)
  expect(reader.words()).toStrictEqual(['blind:unreadable', 'seeing'])
  expect(reader.texts()).toStrictEqual(['first'])
})

test('a log in a directory that may not be entered is unreadable, not missing', async () => {
  execFileSync('mkdir', ['-m', '700', current.path('closed')])
  if (!isRoot) chmodSync(current.path('closed'), 0o000)
  chmodSync(current.dir, 0o755)
  await using reader = readLog(current.host, join(current.path('closed'), 'app.log'))
  await reader.says('blind:unreadable')
  chmodSync(current.path('closed'), 0o700)
})

test('a talkative login is neither output nor log', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'practice-'))
  const practice = await startPracticeHost({ dir, shell: ['sh', '-c', 'echo Welcome; echo "no home" >&2; exec sh -c "$1"', 'sh'] })
  const host = current.hosts.open({ ...current.address(), ...practice, hostId: 'other', privateKey: `file:${practice.privateKeyPath}` })
  const program = { kind: 'exec', argv: ['sh', '-c', 'printf out; printf err >&2'] } as const
  expect(await host.execute(program, { timeoutMs: 5_000, maxOutputBytes: 3 })).toStrictEqual({
    kind: 'text',
    exitCode: 0,
    stdout: 'out',
    stderr: 'err',
  })
  const log = join(dir, 'app.log')
  writeFileSync(log, 'first\n')
  {
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(1)
    expect(reader.lines()).toMatchObject([{ text: 'first', offset: 0 }])
  }
  await practice.close()
  rmSync(dir, { recursive: true })
})

test('a login that runs no commands is a refusal, not an unknown outcome', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'practice-'))
  const practice = await startPracticeHost({ dir, shell: ['sh', '-c', 'echo "This account is currently not available."; exit 1'] })
  const host = current.hosts.open({ ...current.address(), ...practice, hostId: 'other', privateKey: `file:${practice.privateKeyPath}` })
  await expect(host.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 5_000 })).rejects.toMatchObject({
    name: 'HostUnreachable',
    rule: 'channel-refused',
    message: expect.stringContaining('This account is currently not available.'),
  })
  await practice.close()
  rmSync(dir, { recursive: true })
})
