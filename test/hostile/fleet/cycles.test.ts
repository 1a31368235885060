/** 100 cycles of start, stop and kill, and the controls that prove that the witness sees what is left when a means is missing. */
import { type ChildProcess as Bare, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../support/until.ts'
import { runCycles } from './cycles.ts'
import { type DoomedSteward, type Said, startSteward } from './doomed-steward.ts'
import { openFleet, PROGRAM, scratch, specOf, witness } from './support.ts'
import { kill } from './witness.ts'

test.concurrent.each(['auto', 'rlimit'])('nothing is left and nothing runs twice in 50 cycles, held by %s', async (method) => {
  const report = await runCycles({ cycles: 50, seed: 20_261_121, method, lanes: 3 })
  expect(report.orphans).toEqual([])
  expect(report.doubles).toEqual([])
  expect(Object.keys(report.cycles).sort()).toEqual(['group', 'program', 'restart', 'steward'])
})

const FAMILY = 7

test('control: a spawner that ends only the process group leaves what left it, and the witness sees it', async () => {
  const { tag, alive } = marked()
  const child = spawn('sh', [PROGRAM, 'family', tag], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, FLEET_TAG: tag },
  })
  const exited = once(child, 'exit')
  await until(() => alive().length >= FAMILY)
  killGroup(child)
  await exited
  await delay(100)
  expect(alive().length).toBeGreaterThanOrEqual(2)
})

test('control: without its watchdog a killed Steward leaves its programs; the next start takes them down', async () => {
  const { tag, alive } = marked()
  const dataDirectory = await scratch()
  const steward = doomed({ dataDirectory, method: 'rlimit', tag, kinds: ['deaf', 'family'] })
  const watchdog = watchdogOf(await steward.said('open'))
  await steward.said('running')
  await until(() => alive().length > FAMILY)
  // Both at once: a stopped watchdog cannot hear that Steward has gone.
  process.kill(watchdog, 'SIGSTOP')
  onTestFinished(() => kill(watchdog))
  await steward.kill('itself')
  await delay(2_000)
  expect(alive().length).toBeGreaterThan(0)
  kill(watchdog)

  const next = await openFleet({ dataDirectory, limitMethod: 'rlimit' })
  expect(await next.sweep()).toBeGreaterThan(0)
  expect(alive()).toEqual([])
})

test('control: a next life that starts without sweeping runs beside the last one, and the witness sees it', async () => {
  const { tag, alive } = marked()
  const dataDirectory = await scratch()
  const steward = doomed({ dataDirectory, method: 'rlimit', tag, kinds: ['deaf'] })
  const watchdog = watchdogOf(await steward.said('open'))
  await steward.said('running')
  process.kill(watchdog, 'SIGSTOP')
  onTestFinished(() => kill(watchdog))
  await steward.kill('itself')
  kill(watchdog)
  const next = await openFleet({ dataDirectory, limitMethod: 'rlimit' })
  const child = await next.spawn(specOf('deaf', { tag, runId: 'next' }))
  expect(alive().filter((pid) => pid !== child.process.pid).length).toBeGreaterThan(0)
})

test('a Steward never touches the programs of another one', async () => {
  const { tag, alive } = marked()
  const one = await openFleet({ limitMethod: 'rlimit' })
  const other = await openFleet({ limitMethod: 'rlimit' })
  await one.spawn(specOf('deaf', { tag }))
  await until(() => alive().length > 0)
  expect(await other.sweep()).toBe(0)
  await other.close()
  expect(alive().length).toBeGreaterThan(0)
})

test('a sweep leaves alone what runs in this life', async () => {
  const { tag, alive } = marked()
  const fleet = await openFleet()
  await fleet.spawn(specOf('family', { tag }))
  await until(() => alive().length >= FAMILY)
  expect(await fleet.sweep()).toBe(0)
  expect(alive().length).toBeGreaterThanOrEqual(FAMILY)
})

test('a watchdog that somebody ends is replaced, and the next one knows all that the first one knew', async () => {
  const { tag, alive } = marked()
  const steward = doomed({ dataDirectory: await scratch(), method: 'rlimit', tag, kinds: ['family', 'traceless'] })
  const watchdog = watchdogOf(await steward.said('open'))
  await steward.said('running')
  await until(() => alive().length >= FAMILY + 2)
  kill(watchdog)
  // There is no event for it outside of the Steward that we kill next.
  await delay(500)
  await steward.kill('itself')
  await until(() => alive().length === 0, 2_000)
})

test('no signal but SIGKILL ends the watchdog', async () => {
  const fleet = await openFleet()
  const before = fleet.watchdogPid()
  if (before === undefined) throw new Error('it has no watchdog')
  await until(() => ignores(before, SIGTERM))
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGUSR1'] as const) process.kill(before, signal)
  await delay(200)
  expect(fleet.watchdogPid()).toBe(before)
})

test.each(['auto', 'rlimit'] as const)('a program that wipes every trace of its origin is gone with the rest: %s', async (method) => {
  const { tag, alive } = marked()
  const fleet = await openFleet({ limitMethod: method === 'auto' ? undefined : method })
  const child = await fleet.spawn(specOf('traceless', { tag }))
  await until(() => alive().length >= 2)
  await child.stop(0)
  expect(alive()).toEqual([])
})

function marked(): Readonly<{ tag: string; alive(): number[] }> {
  const seen = witness()
  const tag = seen.tag()
  return { tag, alive: () => seen.alive(tag) }
}

const SIGTERM = 15n

/** Its shell has read the first lines of its script. */
function ignores(pid: number, signal: bigint): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0'
  return (BigInt(`0x${mask}`) & (1n << (signal - 1n))) !== 0n
}

/** Never 0, which would be our own process group. */
function watchdogOf({ watchdog }: Said): number {
  if (!watchdog) throw new Error('it has no watchdog')
  return watchdog
}

function doomed(options: Parameters<typeof startSteward>[0]): DoomedSteward {
  const steward = startSteward(options)
  onTestFinished(() => steward.kill('itself'))
  return steward
}

function killGroup(child: Bare): void {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
}
