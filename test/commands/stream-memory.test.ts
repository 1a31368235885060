import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEventLog } from '../../src/commands/event-log.ts'
import { createProcessStep } from '../../src/commands/process-step.ts'
import { createStreamMemory } from '../../src/commands/stream-memory.ts'
import type { EventOf, Recorded } from '../../src/domain/events.ts'
import { type Fold, foldOf } from '../../src/domain/fold.ts'
import type { EventStore, StreamName } from '../../src/domain/ports/event-store.ts'
import { createBench } from './support/bench.ts'
import { acknowledged, counting } from './support/counting-process.ts'

/** Who acknowledged, in order. */
const names: Fold<readonly string[], EventOf<'IncidentAcknowledged'>> = {
  initialState: [],
  evolve: (seen, { data }) => [...seen, data.by],
}

/** A store that tells how many events of streams were read from it. */
function counted(store: EventStore) {
  let events = 0
  const readStream: EventStore['readStream'] = async function* (...args) {
    for await (const event of store.readStream(...args)) {
      events += 1
      yield event
    }
  }
  return { store: { ...store, readStream }, events: () => events }
}

test('only what came since the last look is read', async () => {
  const bench = createBench()
  const { store, events } = counted(bench.store)
  const read = createStreamMemory({ ...bench, store }, names)
  expect(await read('incident-i')).toMatchObject({ state: [], last: undefined, expected: 'no-stream' })
  await bench.given('incident-i', acknowledged('i', 'mira'), acknowledged('i', 'tom'))
  expect(await read('incident-i')).toMatchObject({ state: ['mira', 'tom'], expected: 1n })
  expect(await read('incident-i')).toMatchObject({ state: ['mira', 'tom'], expected: 1n, last: { revision: 1n } })
  await bench.given('incident-i', acknowledged('i', 'ann'))
  expect(await read('incident-i')).toMatchObject({ state: ['mira', 'tom', 'ann'], expected: 2n })
  expect(events()).toBe(3)
})

test('a stream that was not used for long is forgotten, and read again from its beginning', async () => {
  const bench = createBench()
  const { store, events } = counted(bench.store)
  const read = createStreamMemory({ ...bench, store }, names, { mostStreams: 2 })
  for (const id of ['a', 'b', 'c']) await bench.given(`incident-${id}`, acknowledged(id, 'mira'))
  for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) expect((await read(`incident-${id}`)).state).toStrictEqual(['mira'])
  expect(events()).toBe(4)
})

test('whatever is read and written in between, it is what the whole stream amounts to, and knows its commands', async () => {
  const steps = fc.array(fc.record({ stream: fc.constantFrom('a', 'b', 'c'), reads: fc.nat(2), writes: fc.nat(3) }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (all, mostStreams) => {
      const bench = createBench()
      const read = createStreamMemory(bench, names, { mostStreams })
      for (const [index, { stream, reads, writes }] of all.entries()) {
        const name: StreamName = `incident-${stream}`
        const reading = Array.from({ length: reads }, () => read(name))
        for (let n = 0; n < writes; n++) {
          const { expected } = await bench.log.load(name)
          const commandId = `${index}-${n}`
          const cause = { actor: 'tester', correlationId: 'c', causationId: 'c', commandId }
          await bench.log.append(name, expected, [acknowledged(stream, commandId)], cause)
        }
        await Promise.all(reading)
        const { events, expected } = await bench.log.load(name)
        const folded = await read(name)
        expect(folded).toMatchObject({ state: foldOf(names, events), expected })
        expect(events.every(({ metadata: { commandId } }) => commandId !== undefined && folded.mayHold({ commandId }))).toBe(true)
        expect(folded.mayHold({ commandId: 'of nobody' })).toBe(false)
      }
    }),
    { numRuns: 50 },
  )
})

test('of a long stream only the newest commands are remembered: an older one is looked for, a fresh one need not be', async () => {
  const bench = createBench()
  const read = createStreamMemory(bench, names, { mostCommands: 2 })
  for (const commandId of ['c-1', 'c-2']) await tell(commandId)
  expect((await read('incident-i')).mayHold({ commandId: 'of nobody' })).toBe(false)
  await tell('c-3')
  const { mayHold } = await read('incident-i')
  expect(mayHold({ commandId: 'c-1' })).toBe(true)
  expect(mayHold({ commandId: 'of nobody' })).toBe(true)
  expect(mayHold({ commandId: 'made-now', fresh: true })).toBe(false)
  // Who tells it again after an answer was lost is found.
  expect(mayHold({ commandId: 'c-3', fresh: true })).toBe(true)

  async function tell(commandId: string): Promise<void> {
    const { expected } = await bench.log.load('incident-i')
    const cause = { actor: 'tester', correlationId: 'c', causationId: 'c', commandId }
    await bench.log.append('incident-i', expected, [acknowledged('i', commandId)], cause)
  }
})

test('an instance that has handled a thousand inputs reads only what is new at the next one', async () => {
  const bench = createBench()
  const { store, events } = counted(bench.store)

  const step = createProcessStep({ ...bench, log: createEventLog({ ...bench, store }), process: counting() })
  const handled = async (input: Recorded | undefined) => input && (await step(input))
  for (const input of await bench.given('incident-i', ...Array.from({ length: 1_000 }, (_, n) => acknowledged('i', `n${n}`))))
    await handled(input)
  const before = events()
  const [last] = await bench.given('incident-i', acknowledged('i', 'last'))
  await handled(last)
  // The four events that the step itself records.
  expect(events() - before).toBe(4)
})
