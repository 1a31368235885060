import { expect, onTestFinished, test } from 'vitest'
import { readProcessStream } from '../../src/commands/process-stream.ts'
import { fire, runTimers } from '../../src/commands/timer-runner.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { later } from '../../src/domain/instant.ts'
import type { Agenda, DueTimer } from '../../src/domain/ports/agenda.ts'
import { StoreUnavailable } from '../../src/domain/ports/event-store.ts'
import { type Bench, createBench, failBefore } from './support/bench.ts'

const scheduled = (bench: Bench, timerId: string, ms: number): DomainEvent => ({
  type: 'TimeoutScheduled',
  data: { process: 'triage', instance: 'i', timerId, name: 'quiet', dueAt: later(bench.clock.now(), ms) },
})
const timer = (bench: Bench, timerId: string): DueTimer => ({
  ...{ timerId, process: 'triage', instance: 'i', name: 'quiet' },
  dueAt: bench.clock.now(),
})

/** Everything that was ever due, fired or not: it may lag as much as it likes. */
const laggingAgenda = (bench: Bench): Agenda => ({
  openEffects: async () => [],
  openCommands: async () => [],
  dueTimers: async (now) =>
    bench.all().flatMap((event) => (event.type === 'TimeoutScheduled' && event.data.dueAt <= now ? [event.data] : [])),
})

function start(bench: Bench) {
  const stop = new AbortController()
  const running = runTimers({ ...bench, agenda: laggingAgenda(bench), signal: stop.signal }).catch(() => undefined)
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'))
    await running
  })
}

test('a timer fires when it is due, caused by what scheduled it', async () => {
  const bench = createBench()
  const [schedule] = await bench.given('triage-i', scheduled(bench, 't', 5_000))
  start(bench)
  await bench.clock.advance(4_900)
  expect(await bench.types('triage-i')).toStrictEqual(['TimeoutScheduled'])
  await bench.clock.advance(300)
  const elapsed = (await bench.events('triage-i')).at(-1)
  expect(elapsed).toMatchObject({
    type: 'TimeoutElapsed',
    data: { timerId: 't', name: 'quiet' },
    metadata: { causationId: schedule?.metadata.eventId, correlationId: schedule?.metadata.correlationId },
  })
})

test('two runners and a read model that lags fire it once', async () => {
  const bench = createBench()
  await bench.given('triage-i', scheduled(bench, 't', 1_000))
  start(bench)
  start(bench)
  await bench.clock.advance(20_000)
  expect(await bench.types('triage-i')).toStrictEqual(['TimeoutScheduled', 'TimeoutElapsed'])
  expect(bench.figures).toStrictEqual(['steward_timers_total elapsed 1'])
})

test('a timer that was cancelled, or that nobody scheduled, does not fire', async () => {
  const bench = createBench()
  await bench.given('triage-i', scheduled(bench, 't', 0), {
    type: 'TimeoutCancelled',
    data: { process: 'triage', instance: 'i', timerId: 't', name: 'quiet' },
  })
  expect(await fire(timer(bench, 't'), bench)).toBe(false)
  expect(await fire(timer(bench, 'unknown'), bench)).toBe(false)
  expect(await bench.types('triage-i')).toStrictEqual(['TimeoutScheduled', 'TimeoutCancelled'])
})

test('a runner that is told too early waits for the time in the stream', async () => {
  const bench = createBench()
  await bench.given('triage-i', scheduled(bench, 't', 5_000))
  expect(await fire(timer(bench, 't'), bench)).toBe(false)
})

test('of two that fire in the same moment one does', async () => {
  const bench = createBench()
  await bench.given('triage-i', scheduled(bench, 't', 0))
  bench.interfere(async (append) => {
    expect(await fire(timer(bench, 't'), bench)).toBe(true)
    return append()
  })
  expect(await fire(timer(bench, 't'), bench)).toBe(false)
  expect(await bench.types('triage-i')).toStrictEqual(['TimeoutScheduled', 'TimeoutElapsed'])
})

test('an outage delays it and does not lose it', async () => {
  const bench = createBench()
  await bench.given('triage-i', scheduled(bench, 't', 0))
  bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })))
  start(bench)
  await bench.clock.advance(1_000)
  expect(await bench.types('triage-i')).toStrictEqual(['TimeoutScheduled', 'TimeoutElapsed'])
})

test('what is pending is what was scheduled and neither fired nor cancelled', async () => {
  const bench = createBench()
  await bench.given('triage-i', scheduled(bench, 'a', 0), scheduled(bench, 'b', 0))
  await fire(timer(bench, 'a'), bench)
  expect([...readProcessStream(await bench.events('triage-i')).pendingTimers.keys()]).toStrictEqual(['b'])
})
