import { expect, test } from 'vitest'
import type { HandleCommand } from '../../src/commands/aggregate-commands.ts'
import type { BoundProcess } from '../../src/commands/bound-process.ts'
import { CommandRefused } from '../../src/commands/command-refused.ts'
import { createProcessStep } from '../../src/commands/process-step.ts'
import type { Recorded } from '../../src/domain/events.ts'
import { later } from '../../src/domain/instant.ts'
import { AppendTooLarge, ConcurrencyConflict } from '../../src/domain/ports/event-store.ts'
import { type Bench, createBench, failBefore, letThrough } from './support/bench.ts'
import { acknowledged, counting, now, unparked } from './support/counting-process.ts'

const stepOf = (bench: Bench, { process = counting(), handle = bench.handle }: { process?: BoundProcess; handle?: HandleCommand } = {}) =>
  createProcessStep({ ...bench, process, handle })
const one = (events: readonly Recorded[]): Recorded => {
  const [event] = events
  if (!event) throw new RangeError('no event')
  return event
}
const given = async (bench: Bench, by: string, incidentId = 'i') =>
  one(await bench.given(`incident-${incidentId}`, acknowledged(incidentId, by)))
const recorded = ['InputHandled', 'CommandIssued', 'EffectRequested', 'TimeoutScheduled']

test('an input is recorded with its outputs in one append, then its commands are issued', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  const appends: (readonly string[])[] = []
  bench.interfere(
    (append, { types }) => {
      appends.push(types)
      return append()
    },
    (append, { types }) => {
      appends.push(types)
      return append()
    },
  )
  expect(await stepOf(bench)(input)).toBe('handled')
  expect(appends).toStrictEqual([recorded, ['OperationStarted']])
  const [handled, issued] = await bench.events('triage-i')
  expect(handled).toMatchObject({ data: { position: String(input.position), eventId: input.metadata.eventId } })
  expect(handled?.metadata).toMatchObject({ correlationId: input.metadata.correlationId, causationId: input.metadata.eventId })
  expect(one(await bench.events('operation-i-mira')).metadata.causationId).toBe(issued?.metadata.eventId)
})

test('an input that was handled is not handled again, and its commands have one effect', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  const next = await given(bench, 'tom')
  const step = stepOf(bench)
  await step(input)
  await step(input)
  expect(await bench.types('triage-i')).toStrictEqual(recorded)
  await step(next)
  expect(await step(input)).toBe('ignored')
  expect(await bench.types('triage-i')).toStrictEqual([...recorded, ...recorded])
  expect(await bench.types('operation-i-mira')).toStrictEqual(['OperationStarted'])
})

test('a crash between the record and the commands leaves them to be issued again', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  const dies: HandleCommand = () => Promise.reject(new Error('killed'))
  await expect(stepOf(bench, { handle: dies })(input)).rejects.toThrow('killed')
  expect(await bench.types('triage-i')).toStrictEqual(recorded)
  expect(await bench.types('operation-i-mira')).toStrictEqual([])
  expect(await stepOf(bench)(input)).toBe('handled')
  expect(await bench.types('operation-i-mira')).toStrictEqual(['OperationStarted'])
})

test('a crash behind the command leaves nothing to be done twice', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  const diesAfter: HandleCommand = async (...args) => {
    await bench.handle(...args)
    throw new Error('killed')
  }
  await expect(stepOf(bench, { handle: diesAfter })(input)).rejects.toThrow('killed')
  await stepOf(bench)(input)
  expect(await bench.types('operation-i-mira')).toStrictEqual(['OperationStarted'])
})

test('a refused command comes back as an input, once', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  const refuses: HandleCommand = () => Promise.reject(new CommandRefused({ rule: 'not-today', facts: { day: 'Saturday' } }))
  const step = stepOf(bench, { handle: refuses })
  await step(input)
  await step(input)
  const events = await bench.events('triage-i')
  expect(events.map(({ type }) => type)).toStrictEqual([...recorded, 'CommandRefused'])
  const refused = events.at(-1)
  expect(refused).toMatchObject({ data: { command: 'StartOperation', rule: 'not-today', facts: { day: 'Saturday' } } })
  if (refused) expect(await step(refused)).toBe('handled')
})

test('two who handle the same input record it once', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  bench.interfere(async (append) => {
    await stepOf(bench)(input)
    return append()
  }, letThrough)
  expect(await stepOf(bench)(input)).toBe('handled')
  expect(await bench.types('triage-i')).toStrictEqual(recorded)
  expect(await bench.types('operation-i-mira')).toStrictEqual(['OperationStarted'])
})

test('an input that means nothing leaves nothing', async () => {
  const bench = createBench()
  const [closed] = await bench.given('incident-i', {
    type: 'IncidentClosed',
    data: { incidentId: 'i', outcome: 'closed', by: 'mira', reason: 'x', at: now },
  })
  if (closed) expect(await stepOf(bench)(closed)).toBe('ignored')
  expect(await bench.types('triage-i')).toStrictEqual([])
})

const poisoned = counting({ poison: (by) => by === 'poison' })

test('an input that a process cannot bear parks its instance, and no other', async () => {
  const bench = createBench()
  const step = stepOf(bench, { process: poisoned })
  const poison = await given(bench, 'poison')
  expect(await step(poison)).toBe('parked')
  expect(await bench.events('triage-i')).toMatchObject([
    { type: 'InstanceParked', data: { position: String(poison.position), cause: { text: 'TypeError: poison: poison' } } },
  ])
  expect(await step(await given(bench, 'mira'))).toBe('parked')
  expect(await step(await given(bench, 'mira', 'other'))).toBe('handled')
  expect(await bench.types('triage-i')).toStrictEqual(['InstanceParked'])
})

test('an input whose outputs no append can hold parks its instance', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  bench.interfere(failBefore(new AppendTooLarge({ sizeBytes: 2_000_000, limitBytes: 1_000_000 })))
  expect(await stepOf(bench)(input)).toBe('parked')
  expect(await bench.types('triage-i')).toStrictEqual(['InstanceParked'])
})

test('while the missed inputs are not caught up, nothing overtakes them', async () => {
  const bench = createBench()
  await stepOf(bench, { process: poisoned })(await given(bench, 'poison'))
  const missed = await given(bench, 'missed')
  await bench.given('triage-i', unparked('i', 'retry'))
  const late = await given(bench, 'late')
  const step = stepOf(bench)
  expect(await step(missed)).toBe('parked')
  expect(await step(missed, { catchingUp: true })).toBe('handled')
  expect(await step(late)).toBe('handled')
})

test('a conflict with somebody else in the stream is handled again on what he wrote', async () => {
  const bench = createBench()
  const input = await given(bench, 'mira')
  bench.interfere(failBefore(new ConcurrencyConflict({ stream: 'triage-i', expected: 'no-stream', actual: 0n })))
  expect(await stepOf(bench)(input)).toBe('handled')
})

test('what was due counts as due, even where the clock of the store is behind', async () => {
  const bench = createBench()
  const elapsedAt = later(now, 90_000)
  const [elapsed] = await bench.given('triage-i', {
    type: 'TimeoutElapsed',
    data: { process: 'triage', instance: 'i', timerId: 't', name: 'x', at: elapsedAt },
  })
  const times: string[] = []
  const step = stepOf(bench, { process: counting({ reactsAt: (at) => times.push(at) }) })
  if (elapsed) await step(elapsed)
  const input = await given(bench, 'mira')
  await step(input)
  expect(times).toStrictEqual([elapsedAt, input.recordedAt])
})

test('an input that was handled and cannot be applied any more parks its instance, and no other', async () => {
  const bench = createBench()
  await stepOf(bench)(await given(bench, 'poison'))
  const step = stepOf(bench, { process: poisoned })
  expect(await step(await given(bench, 'mira'))).toBe('parked')
  expect(await step(await given(bench, 'mira', 'other'))).toBe('handled')
  expect((await bench.types('triage-i')).at(-1)).toBe('InstanceParked')
})
