/** Before another run takes the place of one: calls under way end, new callers wait. */
import { expect, test } from 'vitest'
import { createFleetBench, restart, start } from './fleet-bench.ts'

const signal = new AbortController().signal

async function running() {
  const bench = createFleetBench()
  const { supervisor } = bench.start()
  await bench.register()
  await bench.ask(start)
  const managed = supervisor.server('s-1')
  if (managed === undefined) throw new RangeError('it is not supervised')
  return { ...bench, managed }
}

test('new callers wait until the next run, which begins when the calls under way have ended', async () => {
  const { managed, program, ask, rest } = await running()
  const draining = managed.drain(60_000, signal)
  expect({ session: managed.session, draining: managed.draining }).toEqual({ session: undefined, draining: true })
  let letIn = false
  const waiting = managed.settled(signal).then(() => {
    letIn = true
  })
  await rest()
  expect(letIn).toBe(false)
  program().idle.resolve()
  using _drained = await draining
  await rest()
  expect(letIn).toBe(false)
  await ask(restart)
  await waiting
  expect({ session: managed.session === undefined, draining: managed.draining }).toEqual({ session: false, draining: false })
})

test('a call that does not end is waited for no longer than was said', async () => {
  const { managed, clock, rest } = await running()
  const draining = managed.drain(5_000, signal)
  await clock.advance(5_001)
  using _drained = await draining
  await rest()
  expect(managed.draining).toBe(true)
})

test('when no other run follows, callers are let in again', async () => {
  const { managed, program } = await running()
  program().idle.resolve()
  const drained = await managed.drain(5_000, signal)
  const waiting = managed.settled(signal)
  drained[Symbol.dispose]()
  await waiting
  expect(managed.session).toBeDefined()
  expect(managed.draining).toBe(false)
})

test('what does not run has nothing to wait for', async () => {
  const bench = createFleetBench()
  const { supervisor } = bench.start()
  await bench.register()
  await bench.rest()
  const managed = supervisor.server('s-1')
  using _drained = await managed?.drain(5_000, signal)
  expect(managed?.draining).toBe(false)
})
