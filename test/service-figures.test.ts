/** How far behind read models and processes are: from the log itself, so that a lag grows while nothing moves. */
import { expect, test } from 'vitest'
import type { Position } from '../src/domain/ports/event-store.ts'
import { createLagFigures, createStopFileFigures } from '../src/service-figures.ts'
import { createBench } from './commands/support/bench.ts'

const signal = new AbortController().signal

function setUp() {
  const bench = createBench()
  const checkpoints = new Map<string, Position>()
  const projections = { hosts: { position: 0n, caughtUp: false }, everything: { position: 0n, caughtUp: false } }
  const source = createLagFigures({
    store: bench.store,
    clock: bench.clock,
    checkpoints: { load: async (name) => checkpoints.get(name) },
    processes: [
      { name: 'stopping', introducedFrom: 'start', inputs: ['HealingStopped'] },
      { name: 'later', introducedFrom: 'head', inputs: ['HealingStopped'] },
    ],
    readModels: {
      status: () => Object.entries(projections).map(([name, status]) => ({ ...fixed, name, ...status })),
    },
    projections: [
      { name: 'hosts', eventTypes: new Set(['HealingResumed']) },
      { name: 'everything', eventTypes: undefined },
    ],
  })
  const read = async (): Promise<Readonly<Record<string, number>>> =>
    Object.fromEntries((await source.read(signal)).map(({ labels, value }) => [Object.values(labels ?? {}).join(), value]))
  const stop = async () => {
    const [event] = await bench.given('healing-switch-global', {
      type: 'HealingStopped',
      data: { by: 'mira', reason: 'x', at: bench.clock.now() },
    })
    return event?.position ?? 0n
  }
  return { bench, checkpoints, projections, read, stop }
}

const fixed = { wantedVersion: 1, rebuilding: false, state: 'following', build: 1, version: 1, lagSeconds: 0, parked: undefined } as const

test('a lag is the age of the first event that was not taken in, and grows while nothing moves', async () => {
  const { bench, checkpoints, projections, read, stop } = setUp()
  expect(await read()).toStrictEqual({ stopping: 0, hosts: 0, everything: 0 })
  const first = await stop()
  await bench.clock.advance(30_000)
  // What does not concern a read model does not hold it up.
  expect(await read()).toStrictEqual({ stopping: 30, hosts: 0, everything: 30 })
  const second = await stop()
  await bench.clock.advance(10_000)
  expect(await read()).toMatchObject({ stopping: 40, everything: 40 })
  checkpoints.set('stopping', first)
  projections.everything.position = first
  expect(await read()).toMatchObject({ stopping: 10, everything: 10 })
  checkpoints.set('stopping', second)
  projections.everything.caughtUp = true
  expect(await read()).toStrictEqual({ stopping: 0, hosts: 0, everything: 0 })
})

test('a process that began at the head has no lag that is known before it has handled something', async () => {
  const { bench, checkpoints, read, stop } = setUp()
  const position = await stop()
  await stop()
  await bench.clock.advance(5_000)
  expect(await read()).not.toHaveProperty('later')
  checkpoints.set('later', position)
  expect(await read()).toMatchObject({ later: 5 })
})

test('the stop file is a figure of its own, which needs no database', async () => {
  const at = createBench().clock.now()
  const read = (path: string | undefined) =>
    createStopFileFigures({ stopFile: { present: async () => (path === undefined ? undefined : { path, since: at }) } }).read(signal)
  expect(await read(undefined)).toStrictEqual([{ gauge: 'steward_healing_stopped', labels: { by: 'file' }, value: 0 }])
  expect(await read('/data/healing.stop')).toStrictEqual([{ gauge: 'steward_healing_stopped', labels: { by: 'file' }, value: 1 }])
})
