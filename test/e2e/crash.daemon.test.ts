/**
 * Steward killed with -9 in the middle of a fix, alone and beside another one on the same database; and asked to end. The step is a backend that is
 * started: each start leaves a line on the host, and there must be exactly one.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTestPostgres } from '../support/postgres.ts'
import { watchBackend } from './support/backend.ts'
import { expectFixed } from './support/expectations.ts'
import { describePlaces } from './support/killable.ts'
import { marksOf, statusOf } from './support/witness.ts'
import type { Inhabited } from './support/world.ts'

const FAULT = 'nginx.backend-down'
const POLICY = 'window: 1s\nauto: [{ action: nginx.restart-backend, target: "*", maxRisk: medium }]\n'

const { place, settle } = describePlaces(POLICY)

test('killed in the middle of a step and started again: the step is not run again, and the fix is verified', async () => {
  const home = place('alone')
  const first = await home.start()
  const { world, by } = await settle(home, first)
  const { nginx, target, backend } = await watchBackend(world, 'alone', 'act')
  const hold = backend.hold()
  expect(await statusOf(nginx.url, '/app')).toBe(502)
  await hold.held()
  const [{ id } = { id: '' }] = await world.incidents(target.id)
  await first.kill()

  const second = await home.start()
  by(second)
  // It finds the mark: somebody began this step, and it has not ended.
  await world.incidentIs(id, ({ timeline }) => timeline.some(({ type, text }) => type === 'EffectSucceeded' && text.includes('running')))
  hold.release()
  await expectFixed(world, id)
  expect(backend.starts()).toHaveLength(1)
  expect(await backend.answers()).toBe(true)
  expect(marksOf(target.stateDir)).toHaveLength(1)
  expect(await world.events(id, 'ExecutionStarted')).toHaveLength(1)
  await expectTold(world, id)
})

test('asked to end in the middle of a step: it waits for the step, records it, and ends within ten seconds', async () => {
  const home = place('drained')
  const first = await home.start()
  const { world, by } = await settle(home, first)
  const { nginx, target, backend } = await watchBackend(world, 'drained', 'act')
  const hold = backend.hold()
  expect(await statusOf(nginx.url, '/app')).toBe(502)
  await hold.held()
  const [{ id } = { id: '' }] = await world.incidents(target.id)
  const ended = first.terminate()
  setTimeout(hold.release, 500)
  const { code, durationMs } = await ended
  expect(code).toBe(0)
  expect(durationMs).toBeLessThan(10_000)
  expect(await backend.answers()).toBe(true)

  // While nobody watches, it breaks again: the line is still there for whoever comes.
  const since = new Date()
  const second = await home.start()
  by(second)
  await expectFixed(world, id)
  expect(backend.starts()).toHaveLength(1)
  const ran = (await world.incident(id)).timeline.find(({ type }) => type === 'StepRun')
  const recorded = (await world.incident(id)).timeline.find(({ type, text }) => type === 'EffectSucceeded' && text.includes('fix-1'))
  expect(ran?.text).toContain('done')
  expect(new Date(recorded?.at ?? 0).getTime()).toBeLessThan(since.getTime())
})

test('a line that was written while nobody watched is found by whoever comes', async () => {
  const home = place('missed')
  const first = await home.start()
  const { world, by } = await settle(home, first)
  const { nginx, target, backend } = await watchBackend(world, 'missed', 'act')
  await first.kill()
  expect(await statusOf(nginx.url, '/app')).toBe(502)
  by(await home.start())
  const { id } = await world.opened(target.id, FAULT)
  await expectFixed(world, id)
  expect(backend.starts()).toHaveLength(1)
})

test('two on one database, the one that runs the step is killed: the other finishes it, and the step ran once', async () => {
  const database = await startTestPostgres()
  onTestFinished(() => database.stop())
  const [left, right] = [place('left'), place('right')]
  const shared = { STEWARD_DATABASE_URL: database.connectionString, STEWARD_SECRET_DIRS: join(left.dir, 'data', 'secrets') }
  const stewards = [await left.start(shared), await right.start(shared)] as const
  const { world, by } = await settle(left, stewards[0])
  const { nginx, target, backend } = await watchBackend(world, 'shared', 'act')
  const hold = backend.hold()
  expect(await statusOf(nginx.url, '/app')).toBe(502)
  await hold.held()
  const [{ id } = { id: '' }] = await world.incidents(target.id)

  const [connection = ''] = backend.starts()
  const runner = stewards.find(({ pid }) => hasLocalPort(pid, Number(connection.split(' ')[1])))
  const survivor = stewards.find((each) => each !== runner)
  if (!runner || !survivor) throw new Error(`nobody holds the connection ${connection}`)
  await runner.kill()
  by(survivor)
  await world.incidentIs(id, ({ timeline }) => timeline.some(({ type, text }) => type === 'EffectSucceeded' && text.includes('running')))
  hold.release()
  await expectFixed(world, id)
  expect(backend.starts()).toHaveLength(1)
  expect(await backend.answers()).toBe(true)
  expect(marksOf(target.stateDir)).toHaveLength(1)
  expect(await world.events(id, 'ExecutionStarted')).toHaveLength(1)
  await expectTold(world, id)
})

/** The story of the step, as a person reads it: it began, nobody knew what became of it, it still ran, it ended; then the cure was proven. */
async function expectTold(world: Inhabited, id: string): Promise<void> {
  const { timeline, steps } = await world.incident(id)
  const told = timeline.filter(({ type }) => ['ExecutionStarted', 'StepRun', 'VerificationFinished', 'IncidentResolved'].includes(type))
  expect(told.map(({ type }) => type)).toEqual(['ExecutionStarted', 'StepRun', 'StepRun', 'VerificationFinished', 'IncidentResolved'])
  expect(told.map(({ text }) => text)).toEqual([
    expect.stringContaining('began'),
    expect.stringMatching(/^The outcome of step fix-1 is not known/),
    expect.stringMatching(/^Step fix-1 done/),
    expect.stringMatching(/^Verified/),
    expect.stringMatching(/^Fixed and verified/),
  ])
  expect(timeline.filter(({ type, text }) => type === 'IncidentWaits' && text.includes('still runs on the host'))).not.toEqual([])
  expect(steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual(['fix-1 unknown', 'fix-1 done'])
}

/** Whether a process holds a TCP connection from this local port, as the kernel has it. */
function hasLocalPort(pid: number, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set(
    ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .flatMap(([, local = '', , , , , , , , inode = '']) => (local.endsWith(`:${wanted}`) ? [`socket:[${inode}]`] : [])),
    ),
  )
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
    } catch {
      return false
    }
  })
}
