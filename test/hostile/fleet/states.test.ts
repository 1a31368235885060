/** Servers that misbehave, under the real supervisor: each ends in a state that says what it is, with a reason that somebody can act on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { factsOf } from '../../../src/adapters/child-processes/process-table.ts'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'
import { createCallRules } from '../../../src/commands/fleet/call-rules.ts'
import { createDirectory } from '../../../src/commands/fleet/directory.ts'
import { instant } from '../../../src/domain/instant.ts'
import { isRunning } from '../../support/is-running.ts'
import { until } from '../../support/until.ts'
import { createSupervised } from './supervised.ts'
import { witness } from './support.ts'
import { kill } from './witness.ts'

test('one that ignores SIGTERM and the end of its input is killed when its grace is over, and has stopped', async () => {
  const fleet = await createSupervised()
  await fleet.register('ignores-sigterm', { stopGraceMs: 300 })
  fleet.start()
  await fleet.next('ServerRunning')
  await fleet.ask('RequestServerStop')
  expect((await fleet.next('ServerStopped')).data.exit).toMatchObject({ how: 'killed', signal: 'SIGKILL' })
  expect(await fleet.state()).toMatchObject({ state: 'stopped', run: undefined })
})

test('one that floods its output with 200 MB is in error: output-too-large', async () => {
  const fleet = await createSupervised()
  await fleet.register('floods')
  fleet.start()
  await fleet.next('ServerRunning')
  expect((await fleet.next('ServerFailed')).data).toMatchObject({ reason: 'output-too-large', wasRunning: true })
  expect(await fleet.state()).toMatchObject({ state: 'error', health: 'unhealthy' })
})

test.each([
  ['half-a-line', 'start-timeout'],
  ['late', 'start-timeout'],
  ['silent', 'start-timeout'],
  ['talks', 'not-mcp'],
] as const)('one that is %s never runs, and is in error: %s, with the end of what it wrote', async (kind, reason) => {
  const fleet = await createSupervised()
  await fleet.register(kind, { startTimeoutMs: 2_000, stopGraceMs: 100 })
  fleet.start()
  const { data } = await fleet.next('ServerFailed')
  expect(data).toMatchObject({ reason, wasRunning: false, stderrTail: { text: `this is ${kind}\n` } })
  expect(data.says.text).toMatch(/^no handshake within \d+ ms: it wrote (nothing|2 lines that are no answer)$/)
  expect(await fleet.state()).toMatchObject({ state: 'error' })
})

test('one that prints text which is no protocol, and otherwise works, runs', async () => {
  const fleet = await createSupervised()
  await fleet.register('talks-and-works', { stopGraceMs: 100 })
  fleet.start()
  expect((await fleet.next('ServerRunning')).data.serverName).toBe('talks-and-works')
})

test('one that forks and exits is in error: exited, and its children are gone', async () => {
  const seen = witness()
  const tag = seen.tag()
  const fleet = await createSupervised()
  await fleet.register('forks-and-exits', { more: [tag] })
  fleet.start()
  expect((await fleet.next('ServerFailed')).data).toMatchObject({ reason: 'exited', says: { text: 'it ended by itself with code 0' } })
  expect(seen.alive(tag)).toEqual([])
})

test('one that closes its input while it runs is in error, and is not taken for healthy', async () => {
  const fleet = await createSupervised()
  await fleet.register('closes-input', { healthEveryMs: 200, stopGraceMs: 100 })
  fleet.start()
  await fleet.next('ServerRunning')
  expect((await fleet.next('ServerFailed')).data).toMatchObject({ reason: 'unresponsive', wasRunning: true })
})

test('a crash is in the log when it happens and not at the next probe, and the server runs again at once', async () => {
  const fleet = await createSupervised()
  await fleet.register('polite', { autoRestart: true })
  fleet.start()
  const seenAfterMs: number[] = []
  for (let round = 1; round <= 3; round++) {
    // A person's restart makes the budget whole, so that each crash is the first.
    const running = await fleet.next('ServerRunning', 2 * round - 1)
    const { data } = (await fleet.of('ServerSpawned')).at(-1) ?? (await fleet.next('ServerSpawned'))
    const failed = fleet.crashRecorded()
    const killedMs = performance.now()
    kill(data.pid)
    seenAfterMs.push((await failed) - killedMs)
    const again = await fleet.next('ServerRunning', 2 * round)
    expect(again.data.runId).not.toBe(running.data.runId)
    if (round < 3) await fleet.ask('RequestServerRestart')
  }
  // Some tens of milliseconds on a machine that has nothing else to do; the next probe would be a minute away.
  expect(Math.max(...seenAfterMs)).toBeLessThan(5_000)
  expect((await fleet.of('ServerFailed')).map(({ data }) => [data.reason, data.crashes])).toEqual([
    ['exited', 1],
    ['exited', 1],
    ['exited', 1],
  ])
})

test.each(['RequestServerRestart', 'RequestServerStop'] as const)(
  'children of single clients that do not listen are gone with the run that they belong to: %s',
  async (order) => {
    const seen = witness()
    const tag = seen.tag()
    const fleet = await createSupervised()
    await fleet.register('ignores-sigterm', { isolation: 'session', stopGraceMs: 200, more: [tag] })
    const { supervisor } = fleet.start()
    await fleet.next('ServerRunning')
    const directory = createDirectory({
      ...{ supervisor, launch: fleet.launch, ids: fleet.ids, hash: fleet.hash, clock: createSystemClock() },
      rules: createCallRules({ schemas: { compile: () => () => [] } }),
      logPathOf: () => '/dev/null',
      breaker: { failuresToOpen: 5, openMs: 60_000 },
    })
    const server = directory.find('ignores-sigterm-s-1')
    await server?.own('a', new AbortController().signal)
    await server?.own('b', new AbortController().signal)
    const own = (await fleet.of('ServerSpawned'))[0]?.data.pid
    const children = seen.alive(tag).filter((pid) => pid !== own)
    expect(children).toHaveLength(2)
    await fleet.ask(order)
    await fleet.next('ServerStopped')
    expect(children.filter(isRunning)).toEqual([])
  },
)

test('when Steward stops, servers that do not listen end too, all of them in the time there is', async () => {
  const fleet = await createSupervised()
  const ids = ['s-1', 's-2', 's-3']
  for (const id of ids) await fleet.register('ignores-sigterm', { id, stopGraceMs: 120_000 })
  const { stop } = fleet.start()
  for (const id of ids) await fleet.next('ServerRunning', 1, id)
  const begunMs = performance.now()
  await stop()
  expect(performance.now() - begunMs).toBeLessThan(8_000)
  for (const id of ids) {
    expect((await fleet.of('ServerStopped', id)).map(({ data }) => data.exit.how)).toEqual(['killed'])
    for (const { data } of await fleet.of('ServerSpawned', id)) expect(isRunning(data.pid)).toBe(false)
  }
})

test('what an earlier life recorded by id and start is taken down, though it carries no mark, before anything is started', async () => {
  const fleet = await createSupervised()
  await fleet.register('polite')
  const left = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  onTestFinished(() => kill(left.pid))
  const exited = once(left, 'exit')
  const pid = left.pid ?? 0
  const startTicks = factsOf(pid)?.startTicks ?? ''
  const of = { serverId: 's-1', runId: 'r-0', at: instant(new Date().toISOString()) }
  await fleet.given('server-s-1', { type: 'ServerStarting', data: { ...of, supervisorId: `${fleet.processes.place}.before` } })
  await fleet.given('server-s-1', { type: 'ServerSpawned', data: { ...of, pid, startTicks, limitedBy: 'rlimit' } })
  fleet.start()
  await fleet.next('ServerStarting', 2)
  expect(await exited).toEqual([null, 'SIGKILL'])
  expect((await fleet.of('ServerStopped')).map(({ data }) => [data.runId, data.exit.how])).toEqual([['r-0', 'gone']])
})

test('nobody else is taken down for having the id of one that was recorded', async () => {
  const { processes } = await createSupervised()
  const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  onTestFinished(() => kill(stranger.pid))
  const pid = stranger.pid ?? 0
  const startTicks = factsOf(pid)?.startTicks ?? ''
  const now = instant(new Date().toISOString())
  expect(await processes.endLeftOver({ pid, startTicks: String(BigInt(startTicks) - 1n) }, now)).toBe(false)
  expect(await processes.endLeftOver({ pid, startTicks }, instant('2001-01-01T00:00:00.000Z'))).toBe(false)
  await until(() => isRunning(pid))
  expect(await processes.endLeftOver({ pid, startTicks }, now)).toBe(true)
})
