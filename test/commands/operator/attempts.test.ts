import { expect, test } from 'vitest'
import { CommandRefused } from '../../../src/commands/command-refused.ts'
import { ABANDONED_AFTER_MS, type AttemptRequest, createAttempt } from '../../../src/commands/operator/attempts.ts'
import { OutcomeUnknown } from '../../../src/domain/ports/event-store.ts'
import { createBench, failBefore } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

const request: AttemptRequest = {
  commandId: 'c1',
  name: 'hosts.retire',
  subject: 'host',
  actor: 'key',
  owner: 'mira',
  bodyHash: 'hash',
  body: { id: 'host' },
  correlationId: 'request',
}
const answer = { id: 'host', position: '10' }
const stream = 'command-c1'

test('an attempt is on record before it begins and after it ends, with its duration', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const result = await attempt(request, async () => {
    expect(await bench.types(stream)).toStrictEqual(['CommandReceived'])
    await bench.clock.advance(1_500)
    return answer
  })
  expect(result).toStrictEqual(answer)
  const [received, succeeded] = await bench.events(stream)
  expect(received).toMatchObject({
    data: { name: 'hosts.retire', actor: 'key', owner: 'mira', body: { id: 'host' } },
    metadata: { correlationId: 'request' },
  })
  expect(succeeded).toMatchObject({ type: 'CommandSucceeded', data: { commandId: 'c1', result: answer, durationMs: 1_500 } })
})

test('the same key with the same body gets the first answer, and nothing is done again', async () => {
  const attempt = createAttempt(createBench())
  let done = 0
  const work = async () => ({ ...answer, position: String(++done) })
  expect(await attempt(request, work)).toStrictEqual(await attempt(request, work))
  expect(done).toBe(1)
})

test('a refusal is a first answer too', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const refused = new CommandRefused({ rule: 'host-not-registered', facts: { situation: 'absent' } })
  await expect(attempt(request, () => Promise.reject(refused))).rejects.toBe(refused)
  await expect(attempt(request, async () => answer)).rejects.toStrictEqual(refused)
  expect(await bench.types(stream)).toStrictEqual(['CommandReceived', 'CommandFailed'])
})

test('the same key with another body is refused, whatever became of the first', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  await attempt(request, async () => answer)
  await expect(attempt({ ...request, bodyHash: 'other' }, async () => answer)).rejects.toMatchObject({ rule: 'idempotency-mismatch' })
})

test('whoever comes second waits for the first, and gets his answer', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const { promise: finished, resolve: finish } = Promise.withResolvers<typeof answer>()
  const first = attempt(request, () => finished)
  await settled()
  const second = attempt(request, () => Promise.reject(new Error('must not run')))
  await bench.clock.advance(1_000)
  finish(answer)
  await bench.clock.advance(100)
  expect(await second).toStrictEqual(await first)
})

test('whoever has waited long enough is told that it is still in progress', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const never = attempt(request, () => new Promise(() => undefined))
  await settled()
  const second = attempt(request, async () => answer)
  const refused = expect(second).rejects.toMatchObject({ rule: 'command-in-progress' })
  await bench.clock.advance(3_100)
  await refused
  expect(never).toBeInstanceOf(Promise)
})

test('an attempt whose instance died is run again by a repeat', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  void attempt(request, () => new Promise(() => undefined))
  await bench.clock.advance(ABANDONED_AFTER_MS)
  expect(await attempt(request, async () => answer)).toStrictEqual(answer)
  expect(await bench.types(stream)).toStrictEqual(['CommandReceived', 'CommandSucceeded'])
})

test('an attempt that was taken for dead and ends after all changes no recorded outcome', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const { promise: finished, resolve: finish } = Promise.withResolvers<typeof answer>()
  const slow = attempt(request, () => finished)
  await bench.clock.advance(ABANDONED_AFTER_MS)
  await attempt(request, async () => answer)
  finish(answer)
  expect(await slow).toStrictEqual(answer)
  expect(await bench.types(stream)).toStrictEqual(['CommandReceived', 'CommandSucceeded'])
})

test('an outage leaves the attempt open: it may be repeated with the same key', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const unknown = new OutcomeUnknown({ stream })
  await expect(attempt(request, () => Promise.reject(unknown))).rejects.toBe(unknown)
  await bench.clock.advance(ABANDONED_AFTER_MS)
  expect(await attempt(request, async () => answer)).toStrictEqual(answer)
})

test('a claim that was never heard of is none', async () => {
  const bench = createBench()
  const attempt = createAttempt(bench)
  const unknown = new OutcomeUnknown({ stream })
  bench.interfere(...Array.from({ length: 2 }, () => failBefore(unknown)))
  await expect(attempt(request, async () => answer)).rejects.toBe(unknown)
  expect(await attempt(request, async () => answer)).toStrictEqual(answer)
})
