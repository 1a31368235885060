import { expect, test } from 'vitest'
import type { EventOf } from '../../../src/domain/events.ts'
import { later } from '../../../src/domain/instant.ts'
import { housekeeping } from '../../../src/domain/processes/housekeeping/housekeeping.ts'
import { effect } from '../../../src/domain/processes/outputs.ts'
import type { Output } from '../../../src/domain/processes/process-manager.ts'
import { NOW, specifyProcess } from '../../support/specify-process.ts'

const spec = specifyProcess(housekeeping, 'log')
const at = NOW
const ref = { process: 'housekeeping', instance: 'log' } as const

const created: EventOf<'LogCreated'> = { type: 'LogCreated', data: { logId: 'log-1', namespace: 'steward' } }
const cleaned = (turn: number): EventOf<'EffectSucceeded'> => ({
  type: 'EffectSucceeded',
  data: { ...ref, effectId: `effect ${turn}`, kind: 'clean-up', result: { kind: 'dropped', rows: { 'tool-calls': 7 } }, at },
})
const failed = (turn: number): EventOf<'EffectFailed'> => ({
  type: 'EffectFailed',
  data: { ...ref, effectId: `effect ${turn}`, kind: 'clean-up', rule: 'ConnectionLost', says: { text: 'the database is away' }, at },
})
const elapsed = (turn: number): EventOf<'TimeoutElapsed'> => ({
  type: 'TimeoutElapsed',
  data: { ...ref, timerId: `timer ${turn}`, name: 'clean-up', at },
})
const cleansUp = (turn: number): Output => effect(`effect ${turn}`, { kind: 'clean-up', params: { asOf: NOW }, timeoutMs: 900_000 })
const waits = (turn: number, ms: number): Output => ({
  kind: 'timeout',
  timerId: `timer ${turn}`,
  name: 'clean-up',
  dueAt: later(NOW, ms),
})
const DAY_MS = 86_400_000

test('a log is cleaned up after from its first day on', () => spec.given().when(created).yields(cleansUp(1)))

test('a clean-up that was carried out is due again in a day', () => {
  spec.given(created).when(cleaned(1)).yields(waits(1, DAY_MS))
  spec.given(created, cleaned(1)).when(elapsed(1)).yields(cleansUp(2))
  spec.given(created, cleaned(1), elapsed(1)).when(cleaned(2)).yields(waits(2, DAY_MS))
})

test('a clean-up that failed is tried again in an hour', () => {
  spec.given(created).when(failed(1)).yields(waits(1, 3_600_000))
  spec.given(created, failed(1)).when(elapsed(1)).yields(cleansUp(2))
})

test('what is not waited for means nothing: no clean-up is asked for twice', () => {
  spec.given(created).when(created).means('nothing')
  spec.given(created).when(elapsed(1)).means('nothing')
  spec.given(created, cleaned(1)).when(cleaned(1)).means('nothing')
  spec.given(created, cleaned(1)).when(failed(1)).means('nothing')
  spec.given(created, cleaned(1), elapsed(1)).when(elapsed(1)).means('nothing')
  spec.given(created, cleaned(1), elapsed(1)).when(cleaned(1)).means('nothing')
})

test('there is one for the whole log, and effects and timers of other processes are none', () => {
  expect(housekeeping.correlate(created)).toBe('log')
  expect(housekeeping.correlate(cleaned(1))).toBe('log')
  expect(housekeeping.correlate({ ...elapsed(1), data: { ...elapsed(1).data, process: 'healing' } })).toBeUndefined()
})
