import { expect, onTestFinished, test } from 'vitest'
import { createEffectRunner, type EffectHandlers, runnerLease } from '../../src/commands/effect-runner.ts'
import type { EventOf } from '../../src/domain/events.ts'
import { instant } from '../../src/domain/instant.ts'
import type { Agenda, OpenEffect } from '../../src/domain/ports/agenda.ts'
import { AppendTooLarge, OutcomeUnknown, StoreUnavailable } from '../../src/domain/ports/event-store.ts'
import type { Leases } from '../../src/domain/ports/leases.ts'
import type { EffectRequest } from '../../src/domain/processes/effects.ts'
import { type Bench, createBench, failBefore, letThrough, loseAnswer } from './support/bench.ts'
import { settled } from './support/hand-clock.ts'

const survey: EffectRequest = { kind: 'survey', params: { targetId: 't' }, timeoutMs: 60_000 }
const step: EffectRequest = {
  kind: 'run-step',
  params: {
    targetId: 't',
    executionId: 'x',
    step: { name: 'fix-1', say: 'fix', run: { kind: 'exec', argv: ['true'] } },
    timeoutMs: 1_000,
    privileged: 'fix',
    touched: {
      action: { id: 'redis.raise-maxmemory', version: 1, params: {} },
      before: { files: {}, settings: {} },
      meant: { files: {}, settings: {} },
      seen: null,
      lateAt: instant('2026-11-21T12:00:00.000Z'),
    },
  },
  timeoutMs: 60_000,
}
const seen = { kind: 'seen', baseline: [], limits: {} } as const

const requested = (bench: Bench, effectId: string, request: EffectRequest): EventOf<'EffectRequested'> => ({
  type: 'EffectRequested',
  data: { process: 'onboarding', instance: 't', effectId, request, at: bench.clock.now() },
})

/** What is requested and has no outcome, straight from the log. */
const agendaOf = (bench: Bench): Agenda => ({
  async openEffects() {
    const ended = new Set(
      bench.all().flatMap((event) => (/^Effect(Succeeded|Failed|OutcomeUnknown)$/.test(event.type) ? [event.stream as string] : [])),
    )
    return bench.all().flatMap((event): OpenEffect[] => {
      if (event.type !== 'EffectRequested' || ended.has(`effect-${event.data.effectId}`)) return []
      const { effectId, process, instance, request } = event.data
      return [{ effectId, process, instance, kind: request.kind, runnerId: undefined, deadlineAt: undefined }]
    })
  },
  dueTimers: async () => [],
  openCommands: async () => [],
})

const leasesOf = (alive: ReadonlySet<string>): Leases => ({
  tryHold: async () => undefined,
  isHeld: async (name) => alive.has(name),
})

const none = () => Promise.reject(new Error('not in this test'))
const handlersWith = (own: Partial<EffectHandlers>): EffectHandlers => ({
  ...{ survey: none, investigate: none, analyse: none, draft: none, prepare: none, settle: none, verify: none, prove: none },
  'run-step': none,
  'clean-up': none,
  ...own,
})

const ALIVE = new Set(['a', 'b'].map(runnerLease))

function start(
  bench: Bench,
  handlers: Partial<EffectHandlers>,
  { runnerId = 'a', alive = ALIVE }: { runnerId?: string; alive?: ReadonlySet<string> } = {},
) {
  const stop = new AbortController()
  const drain = new AbortController()
  const runner = createEffectRunner({
    ...bench,
    agenda: agendaOf(bench),
    handlers: handlersWith(handlers),
    leases: leasesOf(alive),
    runnerId,
    drain: drain.signal,
  })
  const running = runner.run(stop.signal)
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'))
    drain.abort(new Error('the test is over'))
    await running
  })
  return { stop, drain, running }
}

test('an effect is on record before it runs and after', async () => {
  const bench = createBench()
  const before: (readonly string[])[] = []
  start(bench, {
    survey: async (params) => {
      expect(params).toStrictEqual({ targetId: 't' })
      before.push(await bench.types('effect-e'))
      return seen
    },
  })
  await settled()
  await bench.given('onboarding-t', requested(bench, 'e', survey))
  await settled()
  expect(before).toStrictEqual([['EffectStarted']])
  expect(await bench.events('effect-e')).toMatchObject([
    { type: 'EffectStarted', data: { attempt: 1, runnerId: 'a', deadlineAt: '2026-11-21T10:01:00.000Z' } },
    { type: 'EffectSucceeded', data: { kind: 'survey', result: seen } },
  ])
  expect(bench.figures).toContain('steward_effects_total survey succeeded 1')
  expect(bench.figures.at(-1)).toBe('steward_effects_running 0')
})

test('of two runners one runs it', async () => {
  const bench = createBench()
  const ran: string[] = []
  const by = (name: string): Partial<EffectHandlers> => ({
    survey: async () => {
      ran.push(name)
      return seen
    },
  })
  start(bench, by('a'))
  start(bench, by('b'), { runnerId: 'b' })
  await settled()
  await bench.given('onboarding-t', requested(bench, 'e', survey))
  await bench.clock.advance(10_000)
  expect(ran).toHaveLength(1)
  expect(await bench.types('effect-e')).toStrictEqual(['EffectStarted', 'EffectSucceeded'])
})

test('a claim whose answer was lost is still one claim', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'e', survey))
  bench.interfere(loseAnswer(new OutcomeUnknown({ stream: 'effect-e' })))
  start(bench, { survey: async () => seen })
  await settled()
  expect(await bench.types('effect-e')).toStrictEqual(['EffectStarted', 'EffectSucceeded'])
})

const startedBy = (bench: Bench, runnerId: string, kind: 'survey' | 'run-step', attempt = 1): EventOf<'EffectStarted'> => ({
  type: 'EffectStarted',
  data: {
    ...{ process: 'onboarding', instance: 't', effectId: 'e', kind, attempt, runnerId },
    ...{ deadlineAt: bench.clock.now(), at: bench.clock.now() },
  },
})

test('what a dead runner began is run again where that is harmless, and unknown where it is not', async () => {
  const harmless = createBench()
  await harmless.given('onboarding-t', requested(harmless, 'e', survey))
  await harmless.given('effect-e', startedBy(harmless, 'dead', 'survey'))
  start(harmless, { survey: async () => seen })
  await settled()
  expect(await harmless.events('effect-e')).toMatchObject([
    { type: 'EffectStarted' },
    { type: 'EffectStarted', data: { attempt: 2, runnerId: 'a' } },
    { type: 'EffectSucceeded' },
  ])

  const once = createBench()
  await once.given('onboarding-t', requested(once, 'e', step))
  await once.given('effect-e', startedBy(once, 'dead', 'run-step'))
  start(once, {})
  await settled()
  expect(await once.events('effect-e')).toMatchObject([
    { type: 'EffectStarted' },
    { type: 'EffectOutcomeUnknown', data: { says: { text: 'runner dead is gone; what it did is not known' } } },
  ])
  expect(once.figures).toContain('steward_effects_total run-step unknown 1')
})

test('what a living runner began is left to it until its time is over', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'e', step))
  await bench.given('effect-e', startedBy(bench, 'b', 'run-step'))
  start(bench, {})
  await bench.clock.advance(9_000)
  expect(await bench.types('effect-e')).toStrictEqual(['EffectStarted'])
  await bench.clock.advance(3_000)
  expect(await bench.types('effect-e')).toStrictEqual(['EffectStarted', 'EffectOutcomeUnknown'])
})

test('an effect that fails says so; one that acts on a host says that nobody knows', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'read', survey), requested(bench, 'act', step))
  start(bench, { survey: () => Promise.reject(new RangeError('no')), 'run-step': () => Promise.reject(new RangeError('no')) })
  await settled()
  expect((await bench.events('effect-read')).at(-1)).toMatchObject({
    type: 'EffectFailed',
    data: { rule: 'RangeError', says: { text: 'no' } },
  })
  expect((await bench.events('effect-act')).at(-1)).toMatchObject({ type: 'EffectOutcomeUnknown', data: { says: { text: 'no' } } })
})

test('at its deadline an effect is aborted, also one that does not listen', async () => {
  const bench = createBench()
  const reasons: unknown[] = []
  await bench.given('onboarding-t', requested(bench, 'e', survey))
  start(bench, {
    survey: (_params, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      return new Promise(() => undefined)
    },
  })
  await bench.clock.advance(60_000)
  expect(reasons).toHaveLength(1)
  expect((await bench.events('effect-e')).at(-1)).toMatchObject({
    type: 'EffectFailed',
    data: { rule: 'DeadlinePassed', says: { text: 'not finished within 60000 ms' } },
  })
})

test('a runner that comes too late finds the outcome of another, and changes nothing', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'e', step))
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
  start(bench, {
    'run-step': async () => {
      await finished
      return { kind: 'ended', exitCode: 0, says: { text: '' }, left: null, ran: { executionId: 'x', step: 'fix-1', say: 'fix' } }
    },
  })
  await settled()
  const ref = { process: 'onboarding', instance: 't', effectId: 'e', kind: 'run-step' } as const
  await bench.given('effect-e', { type: 'EffectOutcomeUnknown', data: { ...ref, says: { text: 'gone' }, at: bench.clock.now() } })
  finish()
  await settled()
  expect(await bench.types('effect-e')).toStrictEqual(['EffectStarted', 'EffectOutcomeUnknown'])
  expect(bench.figures).not.toContain('steward_effects_total run-step succeeded 1')
})

test('what is in flight when Steward stops is finished and recorded', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'e', survey))
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
  const { stop, running } = start(bench, {
    survey: async () => {
      await finished
      return seen
    },
  })
  await settled()
  stop.abort(new Error('SIGTERM'))
  await settled()
  bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })), letThrough)
  finish()
  await bench.clock.advance(200)
  await running
  expect(await bench.types('effect-e')).toStrictEqual(['EffectStarted', 'EffectSucceeded'])
})

test('when there is no time left it stops waiting, and records nothing that it does not know', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'read', survey), requested(bench, 'act', step))
  const { stop, drain, running } = start(bench, {
    survey: (_params, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    'run-step': () => new Promise(() => undefined),
  })
  await settled()
  stop.abort(new Error('SIGTERM'))
  await settled()
  drain.abort(new Error('no time left'))
  await running
  expect(await bench.types('effect-read')).toStrictEqual(['EffectStarted'])
  expect(await bench.types('effect-act')).toStrictEqual(['EffectStarted'])
})

test('a result that no append can hold is a failure with a name, not an effect that runs for ever', async () => {
  const bench = createBench()
  await bench.given('onboarding-t', requested(bench, 'e', survey))
  bench.interfere(letThrough, failBefore(new AppendTooLarge({ sizeBytes: 2_000_000, limitBytes: 1_000_000 })))
  start(bench, { survey: async () => seen })
  await settled()
  expect((await bench.events('effect-e')).at(-1)).toMatchObject({ type: 'EffectFailed', data: { rule: 'AppendTooLarge' } })
})

test('an effect that no process asked for is not run', async () => {
  const bench = createBench()
  start(bench, {})
  await bench.given('onboarding-other', requested(bench, 'e', survey))
  await settled()
  expect(await bench.types('effect-e')).toStrictEqual([])
})

test('at most so many run at a time; the others follow', async () => {
  const bench = createBench()
  const all = Array.from({ length: 40 }, (_, index) => requested(bench, `e${index}`, survey))
  await bench.given('onboarding-t', ...all)
  let running = 0
  let most = 0
  start(bench, {
    survey: async () => {
      running += 1
      most = Math.max(most, running)
      await bench.clock.sleep(100)
      running -= 1
      return seen
    },
  })
  await bench.clock.advance(5_000)
  expect(most).toBe(16)
  expect(bench.all().filter(({ type }) => type === 'EffectSucceeded')).toHaveLength(40)
})

test('an analyst that is silent takes no place from healing, however many questions wait', async () => {
  const bench = createBench()
  let [asked, surveyed] = [0, 0]
  start(bench, {
    analyse: (_params, { signal }) => {
      asked += 1
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    },
    survey: async () => {
      surveyed += 1
      return seen
    },
  })
  await settled()
  const params = { incidentId: 'i', targetId: 't', service: 'nginx', excerpt: { text: 'x' }, evidence: [] } as const
  const questions = Array.from({ length: 40 }, (_, n) => requested(bench, `q${n}`, { kind: 'analyse', params, timeoutMs: 120_000 }))
  await bench.given('onboarding-t', ...questions, requested(bench, 'e', survey))
  await bench.clock.advance(3_000)
  expect(asked).toBeGreaterThan(0)
  expect(surveyed).toBe(1)
})
