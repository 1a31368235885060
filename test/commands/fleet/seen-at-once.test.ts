import { expect, test } from 'vitest'
import { seenAtOnce } from '../../../src/commands/fleet/seen-at-once.ts'
import { registered, said } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

async function askedBy(actor: string) {
  const bench = createBench()
  await bench.given('server-s-1', registered())
  const seen = Promise.withResolvers<void>()
  const told: string[] = []
  const handle = seenAtOnce(bench.handle, bench.clock, () => ({
    seen(serverId) {
      told.push(serverId)
      return seen.promise
    },
  }))
  let answered = false
  const cause = { actor, commandId: bench.ids.fresh(), correlationId: 'c', causationId: 'c' }
  const answer = handle({ aggregate: 'server', id: 's-1', command: { type: 'DisableServer', data: said } }, cause).then(() => {
    answered = true
  })
  await settled()
  return { ...bench, told, answer, nowSeen: () => seen.resolve(), isAnswered: () => answered }
}

test('who decides something of a server is answered when the next call is judged by it', async () => {
  const { told, answer, isAnswered, nowSeen } = await askedBy('mira')
  expect(told).toStrictEqual(['s-1'])
  expect(isAnswered()).toBe(false)
  nowSeen()
  await answer
})

test('the answer waits a second and no longer: what was decided is recorded', async () => {
  const { clock, answer, isAnswered } = await askedBy('mira')
  await clock.advance(999)
  expect(isAnswered()).toBe(false)
  await clock.advance(1)
  await answer
})

test('a report of the supervisor waits for nobody', async () => {
  const { told, answer } = await askedBy('steward')
  await answer
  expect(told).toStrictEqual([])
})
