import { expect, onTestFinished, test } from 'vitest'
import type { BoundProcess } from '../../src/commands/bound-process.ts'
import { runProcess } from '../../src/commands/process-runner.ts'
import { createProcessStep } from '../../src/commands/process-step.ts'
import type { Checkpoints } from '../../src/domain/ports/checkpoints.ts'
import type { Position } from '../../src/domain/ports/event-store.ts'
import { StoreUnavailable } from '../../src/domain/ports/event-store.ts'
import type { JsonObject } from '../../src/domain/ports/json.ts'
import { type Bench, createBench, failBefore } from './support/bench.ts'
import { acknowledged, counting, unparked } from './support/counting-process.ts'
import { settled } from './support/hand-clock.ts'

/** Checkpoints in memory, owned by one at a time. */
function createCheckpoints(): Checkpoints & { readonly positions: Map<string, Position>; busy: boolean } {
  const positions = new Map<string, Position>()
  return {
    positions,
    busy: false,
    load: async (name) => positions.get(name),
    async claim(name, from, work) {
      if (this.busy) return 'busy'
      if (positions.get(name) !== from) return 'moved'
      positions.set(name, await work())
      return 'done'
    },
  }
}

function start(bench: Bench, process: BoundProcess, checkpoints = createCheckpoints(), handle = bench.handle) {
  const stop = new AbortController()
  const step = createProcessStep({ ...bench, process, handle })
  const running = runProcess({ ...bench, process, step, checkpoints, signal: stop.signal })
  const ended = running.catch(() => undefined)
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'))
    await ended
  })
  return { stop, running, checkpoints }
}

const handledBy = async (bench: Bench, instance = 'i') =>
  (await bench.events(`triage-${instance}`)).flatMap((event) =>
    event.type === 'InputHandled' && event.data.input.type === 'IncidentAcknowledged' ? [event.data.input.data['by']] : [],
  )

test('a process that begins with all of history answers what was there before it', async () => {
  const bench = createBench()
  await bench.given('incident-i', acknowledged('i', 'early'))
  start(bench, counting())
  await settled()
  await bench.given('incident-i', acknowledged('i', 'late'))
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['early', 'late'])
})

test('a process that was added later begins where it was introduced, also after a restart without a checkpoint', async () => {
  const bench = createBench()
  await bench.given('incident-i', acknowledged('i', 'history'))
  const process: BoundProcess = { ...counting(), introducedFrom: 'head' }
  const { stop, running } = start(bench, process)
  await settled()
  stop.abort(new Error('restart'))
  await running.catch(() => undefined)
  await bench.given('incident-i', acknowledged('i', 'meanwhile'))
  start(bench, process)
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['meanwhile'])
  expect(await bench.types('process-triage')).toStrictEqual(['ProcessIntroduced'])
})

test('two runners handle everything once, in order', async () => {
  const bench = createBench()
  const checkpoints = createCheckpoints()
  start(bench, counting(), checkpoints)
  start(bench, counting(), checkpoints)
  for (const by of ['a', 'b', 'c']) {
    await bench.given('incident-i', acknowledged('i', by))
    await bench.clock.advance(200)
  }
  expect(await handledBy(bench)).toStrictEqual(['a', 'b', 'c'])
  for (const by of ['a', 'b', 'c']) expect(await bench.types(`operation-i-${by}`)).toStrictEqual(['OperationStarted'])
})

test('while another owns the checkpoint it stands aside', async () => {
  const bench = createBench()
  const checkpoints = createCheckpoints()
  checkpoints.busy = true
  await bench.given('incident-i', acknowledged('i', 'a'))
  start(bench, counting(), checkpoints)
  await bench.clock.advance(1_000)
  expect(await handledBy(bench)).toStrictEqual([])
  checkpoints.busy = false
  await bench.clock.advance(200)
  expect(await handledBy(bench)).toStrictEqual(['a'])
})

test('an outage is waited for', async () => {
  const bench = createBench()
  start(bench, counting())
  await settled()
  const away = failBefore(new StoreUnavailable({ doing: 'test' }))
  bench.interfere(away, away)
  await bench.given('incident-i', acknowledged('i', 'a'))
  await bench.clock.advance(1_000)
  expect(await handledBy(bench)).toStrictEqual(['a'])
  expect(bench.logged.map(({ message }) => message)).toContain('the event store is away; the process waits')
})

test('a failure that waiting does not mend is heard at once, not with the next event', async () => {
  const bench = createBench()
  const stop = new AbortController()
  onTestFinished(() => stop.abort(new Error('the test is over')))
  // It records nothing, so that no event of its own ends the read that is already on its way.
  const step = () => Promise.reject(new TypeError('a bug'))
  const running = runProcess({ ...bench, process: counting(), step, checkpoints: createCheckpoints(), signal: stop.signal })
  const heard: unknown[] = []
  running.catch((error: unknown) => heard.push(error))
  await settled()
  await bench.given('incident-i', acknowledged('i', 'a'))
  await settled()
  expect(heard).toStrictEqual([new TypeError('a bug')])
})

/** Parks at the poison until it is mended. */
function mendable() {
  const state = { mended: false }
  return { state, process: counting({ poison: (by) => by === 'poison' && !state.mended }) }
}

async function parkedAtPoison(bench: Bench, process: BoundProcess) {
  const runner = start(bench, process)
  for (const by of ['first', 'poison', 'missed 1', 'missed 2']) await bench.given('incident-i', acknowledged('i', by))
  await bench.given('incident-j', acknowledged('j', 'other'))
  await settled()
  return runner
}

test('a parked instance stands still while the others go on', async () => {
  const bench = createBench()
  await parkedAtPoison(bench, mendable().process)
  expect(await handledBy(bench)).toStrictEqual(['first'])
  expect(await handledBy(bench, 'j')).toStrictEqual(['other'])
  expect(bench.logged).toContainEqual(expect.objectContaining({ level: 'error', message: 'instance parked' }))
})

test('un-parked by a retry it takes the poison once more and everything it missed, in order', async () => {
  const bench = createBench()
  const { state, process } = mendable()
  await parkedAtPoison(bench, process)
  state.mended = true
  await bench.given('triage-i', unparked('i', 'retry'))
  await bench.given('incident-i', acknowledged('i', 'after'))
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['first', 'poison', 'missed 1', 'missed 2', 'after'])
})

test('un-parked by a skip it leaves the poison out for good, and takes the rest in order', async () => {
  const bench = createBench()
  const { process } = mendable()
  await parkedAtPoison(bench, process)
  await bench.given('triage-i', unparked('i', 'skip'))
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['first', 'missed 1', 'missed 2'])
})

test('a retry of what is not mended parks again and loses nothing', async () => {
  const bench = createBench()
  const { state, process } = mendable()
  await parkedAtPoison(bench, process)
  await bench.given('triage-i', unparked('i', 'retry'))
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['first'])
  state.mended = true
  await bench.given('triage-i', unparked('i', 'retry'))
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['first', 'poison', 'missed 1', 'missed 2'])
})

test('inputs that the runner had not come to when the instance was un-parked do not overtake the missed ones', async () => {
  const bench = createBench()
  const { state, process } = mendable()
  const { stop, running, checkpoints } = await parkedAtPoison(bench, process)
  stop.abort(new Error('the runner lags'))
  await running.catch(() => undefined)
  await bench.given('incident-i', acknowledged('i', 'not yet read'))
  state.mended = true
  await bench.given('triage-i', unparked('i', 'retry'))
  start(bench, process, checkpoints)
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['first', 'poison', 'missed 1', 'missed 2', 'not yet read'])
})

test('a crash in the middle of catching up leaves no command unissued', async () => {
  const bench = createBench()
  const { state, process } = mendable()
  const { stop, running, checkpoints } = await parkedAtPoison(bench, process)
  stop.abort(new Error('restart'))
  await running.catch(() => undefined)
  state.mended = true
  await bench.given('triage-i', unparked('i', 'retry'))
  const dies: typeof bench.handle = async (addressed, cause) => {
    if (addressed.id === 'i-missed 1') throw new Error('killed')
    return bench.handle(addressed, cause)
  }
  await expect(start(bench, process, checkpoints, dies).running).rejects.toThrow('killed')
  expect(await bench.types('operation-i-missed 1')).toStrictEqual([])
  start(bench, process, checkpoints)
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['first', 'poison', 'missed 1', 'missed 2'])
  expect(await bench.types('operation-i-missed 1')).toStrictEqual(['OperationStarted'])
})

/** As it would come from a program with another idea of the event. */
const unreadable = (bench: Bench, id: string, data: JsonObject) =>
  bench.store.append(`incident-${id}`, 'no-stream', [
    {
      type: 'IncidentAcknowledged',
      data,
      metadata: { eventId: bench.ids.fresh(), correlationId: 'c', causationId: 'c', actor: 'x', schemaVersion: 1 },
    },
  ])

test('an input that cannot be read parks the instance that its ids name, and no other; a skip leaves it out', async () => {
  const bench = createBench()
  const process = counting()
  const { running } = start(bench, process)
  await unreadable(bench, 'i', { incidentId: 'i', by: 7 })
  await bench.given('incident-other', acknowledged('other', 'mira'))
  await settled()
  expect(await handledBy(bench, 'other')).toStrictEqual(['mira'])
  expect(await bench.events('triage-i')).toMatchObject([
    { type: 'InstanceParked', data: { cause: { text: expect.stringContaining('UndecodableEvent') } } },
  ])
  await bench.given('incident-elsewhere', acknowledged('i', 'missed'))
  await bench.given('triage-i', unparked('i', 'retry'))
  await settled()
  expect(await bench.types('triage-i')).toStrictEqual(['InstanceParked', 'InstanceUnparked', 'InstanceParked'])
  await bench.given('triage-i', unparked('i', 'skip'))
  await settled()
  expect(await handledBy(bench)).toStrictEqual(['missed'])
  expect(await Promise.race([running, 'running'])).toBe('running')
})

test('an input that does not even tell its instance holds the process', async () => {
  const bench = createBench()
  const { running } = start(bench, counting())
  await unreadable(bench, 'i', { incidentId: 7 })
  await expect(running).rejects.toThrow('does not tell its instance')
})
