/** The demo as a newcomer runs it: a process of its own, judged by its exit code, its table, and what it leaves behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../support/until.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let parent: string
let dir: string
let demo: ChildProcess | undefined

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'the demo '))
  chmodSync(parent, 0o700)
  dir = join(parent, 'run')
})
afterEach(async () => {
  demo?.kill('SIGKILL')
  // Children end after their parent, and write until then.
  await until(() => processesOf(parent).length === 0, 30_000)
  rmSync(parent, { recursive: true, force: true })
})

type Running = Readonly<{ child: ChildProcess; said: () => string; ended: Promise<number | null> }>

function runDemo(...args: string[]): Running {
  const child = spawn(process.execPath, [MAIN, 'demo', '--dir', dir, ...args], {
    cwd: parent,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: parent, LANG: 'C.UTF-8' },
  })
  demo = child
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = once(child, 'close').then(() => child.exitCode)
  return { child, said: () => text, ended }
}

/** On a terminal of its own, so that somebody can be asked. */
function runDemoOnTerminal(...args: string[]): Running & Readonly<{ type: (text: string) => void }> {
  const line = [process.execPath, MAIN, 'demo', '--dir', dir, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd: parent,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: parent, LANG: 'C.UTF-8', NO_COLOR: '1', TERM: 'xterm' },
  })
  demo = child
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk.replaceAll('\r\n', '\n')))
  const ended = once(child, 'close').then(() => child.exitCode)
  return { child, said: () => text, ended, type: (typed) => void child.stdin.write(typed) }
}

const untilSaid = ({ said }: Running, words: string): Promise<void> => until(() => said().includes(words), 60_000)

/** Whoever works below the directory, was told of it, or has it for a home: servers from npm run elsewhere. */
function processesOf(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = quietly(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
      const where = quietly(() => readlinkSync(`/proc/${pid}/cwd`))
      const lives = quietly(() => readFileSync(`/proc/${pid}/environ`, 'utf8')).split('\0')
      return command.includes(path) || where.startsWith(path) || lives.includes(`HOME=${path}`) ? [`${pid} ${command}`] : []
    })
}

function quietly(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** npm keeps its own log and cache in the home of whoever runs it. */
const leftIn = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => name !== '.npm')
    .sort()

/** The cells of a row of the table, by the name of the part. */
function rowOf(text: string, name: string): Readonly<{ ok: boolean; actions: string; outcome: string }> {
  const row = new RegExp(`^([✓✗]) ${name} +.*?(-|\\d+) {2}(fixed|rolled back|not confirmed|equal|\\S.*?) +(?:-|\\d+)$`, 'm').exec(text)
  return { ok: row?.[1] === '✓', actions: row?.[2] ?? '', outcome: row?.[3] ?? '' }
}

test('every part ends as expected, and nothing is left but the record', async () => {
  const running = runDemo('--yes')
  expect(await running.ended, running.said()).toBe(0)

  const text = running.said()
  const rows = ['1', '2', '3', '4', '5', 'nginx', 'redis', '6', '7', '8', '9', '10', '11'].map((name) => ({ name, ...rowOf(text, name) }))
  expect(rows).toStrictEqual([
    { name: '1', ok: true, actions: '1', outcome: 'fixed' },
    { name: '2', ok: true, actions: '1', outcome: 'fixed' },
    { name: '3', ok: true, actions: '1', outcome: 'rolled back' },
    { name: '4', ok: true, actions: '0', outcome: 'not confirmed' },
    { name: '5', ok: true, actions: '1', outcome: 'fixed' },
    { name: 'nginx', ok: true, actions: '1', outcome: 'fixed' },
    { name: 'redis', ok: true, actions: '1', outcome: 'fixed' },
    { name: '6', ok: true, actions: '-', outcome: 'tools called' },
    { name: '7', ok: true, actions: '-', outcome: 'restarted' },
    { name: '8', ok: true, actions: '-', outcome: 'undone' },
    { name: '9', ok: true, actions: '-', outcome: 'refused' },
    { name: '10', ok: true, actions: '-', outcome: 'all counted' },
    { name: '11', ok: true, actions: '-', outcome: 'equal' },
  ])
  expect(processesOf(parent)).toStrictEqual([])
  expect(leftIn(parent)).toStrictEqual(['run'])
  expect(leftIn(dir)).toStrictEqual(['files', 'policy.yaml', 'steward', 'steward.log'])
  expect(text).not.toContain('\x1b')
})

test('Ctrl-C in the middle of a fix leaves no process and no file', async () => {
  const running = runDemo('--yes', '--only', '3')
  await untilSaid(running, 'The execution of plan')
  running.child.kill('SIGINT')
  // npm passes on what the terminal has sent already.
  running.child.kill('SIGINT')
  expect(await running.ended, running.said()).toBe(130)
  expect(processesOf(parent)).toStrictEqual([])
  expect(leftIn(parent)).toStrictEqual([])
})

test('Ctrl-C while MCP servers run leaves none of them, and no file', async () => {
  const running = runDemo('--yes', '--only', '7')
  await untilSaid(running, 'kill -9')
  running.child.kill('SIGINT')
  expect(await running.ended, running.said()).toBe(130)
  expect(processesOf(parent)).toStrictEqual([])
  expect(leftIn(parent)).toStrictEqual([])
})

test('when the demo is killed with -9 while MCP servers run, none of them stays', async () => {
  const running = runDemo('--yes', '--only', '7')
  await untilSaid(running, 'kill -9')
  running.child.kill('SIGKILL')
  await running.ended
  await until(() => processesOf(parent).length === 0, 30_000)
})

test('when the demo is killed with -9, everything that it started ends by itself', async () => {
  const running = runDemo('--yes', '--only', '2')
  await untilSaid(running, 'The execution of plan')
  expect(processesOf(parent).length).toBeGreaterThan(3)
  running.child.kill('SIGKILL')
  await running.ended
  await until(() => processesOf(parent).length === 0, 30_000)
})

test('what ends otherwise is a failure, told with the reason and the place of the logs', async () => {
  const running = runDemo('--yes', '--only', '2')
  await untilSaid(running, 'PostgreSQL is watched')
  // Without the good contents that were kept on the host, nothing can be put back.
  rmSync(join(dir, 'host', 'state', 'contents'), { recursive: true })
  expect(await running.ended).toBe(1)
  expect(rowOf(running.said(), '2').ok).toBe(false)
  expect(running.said()).toContain('is missing or harmed')
  expect(running.said()).toContain('1 of 1 parts did not end as expected')
  expect(running.said()).toContain(join('run', 'steward.log'))
  expect(existsSync(join(dir, 'host'))).toBe(true)
})

test('where nobody can be asked, --yes is needed', async () => {
  const running = runDemo()
  expect(await running.ended).toBe(2)
  expect(running.said()).toContain('--yes')
  expect(existsSync(dir)).toBe(false)
})

test('a no is kept: nothing ran on the host, and the demo ends in good order; a yes typed before the question is no answer', async () => {
  const running = runDemoOnTerminal('--only', '2')
  await untilSaid(running, 'waiting for Steward')
  running.type('y\r')
  await untilSaid(running, '[y/N]')
  running.type('n\r')
  expect(await running.ended, running.said()).toBe(3)
  expect(rowOf(running.said(), '2')).toStrictEqual({ ok: true, actions: '0', outcome: 'rejected' })
  expect(running.said()).toContain('no action ran on the host')
  expect(processesOf(parent)).toStrictEqual([])
})

test.for([
  { key: 'Ctrl-C', typed: '\x03', code: 130 },
  { key: 'Ctrl-D', typed: '\x04', code: 3 },
])('$key at the question is no yes', async ({ typed, code }) => {
  const running = runDemoOnTerminal('--only', '2')
  await untilSaid(running, '[y/N]')
  running.type(typed)
  expect(await running.ended, running.said()).toBe(code)
  expect(running.said()).not.toContain('approved')
  expect(processesOf(parent)).toStrictEqual([])
  expect(existsSync(dir)).toBe(code === 3)
})

test.for([
  { args: ['--data-dir', 'elsewhere'], says: 'either --dir or --data-dir' },
  { args: ['--json'], says: '--json' },
  { args: ['--url', 'http://127.0.0.1:1'], says: 'a Steward of its own' },
])('what the demo cannot do with $args is refused, not ignored', async ({ args, says }) => {
  const running = runDemo('--yes', ...args)
  expect(await running.ended).toBe(2)
  expect(running.said()).toContain(says)
})

test('a directory that exists is refused', async () => {
  dir = parent
  const running = runDemo('--yes')
  expect(await running.ended).toBe(2)
  expect(running.said()).toContain(`--dir: ${parent} exists`)
})
