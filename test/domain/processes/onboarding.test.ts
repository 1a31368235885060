import { expect, test } from 'vitest'
import type { EventOf } from '../../../src/domain/events.ts'
import { later } from '../../../src/domain/instant.ts'
import type { EffectResults } from '../../../src/domain/processes/effects.ts'
import { onboarding } from '../../../src/domain/processes/onboarding/onboarding.ts'
import { command, effect } from '../../../src/domain/processes/outputs.ts'
import type { Output } from '../../../src/domain/processes/process-manager.ts'
import { NOW, specifyProcess } from '../../support/specify-process.ts'

const spec = specifyProcess(onboarding, 'target')
const now = NOW
const at = NOW
const ref = { process: 'onboarding', instance: 'target' } as const

const registered: EventOf<'TargetRegistered'> = {
  type: 'TargetRegistered',
  data: {
    targetId: 'target',
    name: 'shop',
    hostId: 'host',
    service: 'redis',
    logPaths: [],
    configPaths: [],
    stateDir: '/var/lib/steward',
    mode: 'propose',
    by: 'mira',
    at,
  },
}
const retired: EventOf<'TargetRetired'> = { type: 'TargetRetired', data: { targetId: 'target', by: 'mira', reason: 'gone', at } }
const surveyed = (turn: number, result: EffectResults['survey']): EventOf<'EffectSucceeded'> => ({
  type: 'EffectSucceeded',
  data: { ...ref, effectId: `effect ${turn}`, kind: 'survey', result, at },
})
const unseen = (turn: number) => surveyed(turn, { kind: 'unseen', reason: 'away' })
const elapsed = (turn: number): EventOf<'TimeoutElapsed'> => ({
  type: 'TimeoutElapsed',
  data: { ...ref, timerId: `timer ${turn}`, name: 'survey-again', at },
})
const looks = (turn: number): Output => effect(`effect ${turn}`, { kind: 'survey', params: { targetId: 'target' }, timeoutMs: 60_000 })
const saysUnseen = (reason: string) =>
  command({ aggregate: 'target', id: 'target', command: { type: 'ReportTargetUnseen', data: { reason, now } } })
const tries = (turn: number, waitMs: number): Output => ({
  kind: 'timeout',
  timerId: `timer ${turn}`,
  name: 'survey-again',
  dueAt: later(now, waitMs),
})

test('a new target is looked at', () => spec.given().when(registered).yields(looks(1)))

test('how a target is when all is well becomes its baseline', () => {
  const entries = [{ path: '/etc/redis.conf', kind: 'file', mode: '0644', uid: 0, gid: 0 }] as const
  const limits = { 'redis.maxmemory': 1 }
  spec
    .given(registered)
    .when(surveyed(1, { kind: 'seen', baseline: entries, limits }))
    .yields(
      command({
        aggregate: 'target',
        id: 'target',
        command: { type: 'RecordBaseline', data: { entries, limits, reason: 'registration', at } },
      }),
      command({ aggregate: 'target', id: 'target', command: { type: 'ReportTargetSeen', data: { now } } }),
    )
})

test('a target that cannot be seen says why, and is looked at again, less and less often', () => {
  const history: (typeof registered | ReturnType<typeof unseen> | ReturnType<typeof elapsed>)[] = [registered]
  for (const [index, waitMs] of [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000].entries()) {
    const turn = index + 1
    spec
      .given(...history)
      .when(unseen(turn))
      .yields(saysUnseen('away'), tries(turn, waitMs))
    spec
      .given(...history, unseen(turn))
      .when(elapsed(turn))
      .yields(looks(turn + 1))
    history.push(unseen(turn), elapsed(turn))
  }
})

test('a survey that fails is one that has seen nothing', () =>
  spec
    .given(registered)
    .when({ type: 'EffectFailed', data: { ...ref, effectId: 'effect 1', kind: 'survey', rule: 'x', says: { text: 'broken' }, at } })
    .yields(saysUnseen('broken'), tries(1, 15_000)))

test('a retired target is left alone', () => {
  spec.given(registered).when(retired).yields()
  spec.given(registered, retired).when(unseen(1)).means('nothing')
  spec.given(registered, unseen(1), retired).when(elapsed(1)).means('nothing')
  spec.given().when(retired).means('nothing')
})

test('what is not waited for means nothing', () => {
  spec.given(registered).when(registered).means('nothing')
  spec.given(registered).when(unseen(2)).means('nothing')
  spec.given(registered).when(elapsed(1)).means('nothing')
  spec.given(registered, unseen(1)).when(elapsed(2)).means('nothing')
})

test('a target is one instance, and effects of other processes are none', () => {
  expect(onboarding.correlate(registered)).toBe('target')
  expect(onboarding.correlate(retired)).toBe('target')
  expect(onboarding.correlate(unseen(1))).toBe('target')
  expect(onboarding.correlate({ ...elapsed(1), data: { ...elapsed(1).data, process: 'healing' } })).toBeUndefined()
})
