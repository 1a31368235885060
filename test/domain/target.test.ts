import { test } from 'vitest'
import { instant } from '../../src/domain/instant.ts'
import type { TargetEvent, TargetRegistration } from '../../src/domain/target/events.ts'
import { target } from '../../src/domain/target/target.ts'
import { specify } from '../support/specify.ts'

const spec = specify(target)
const now = instant('2026-11-21T10:00:00.000Z')
const registration: TargetRegistration = {
  targetId: 't-1',
  name: 'cache',
  hostId: 'h-1',
  service: 'redis',
  logPaths: ['/var/log/redis/redis.log'],
  configPaths: [],
  stateDir: '/var/lib/steward',
  mode: 'propose',
  by: 'mira',
  at: now,
}
const registered: TargetEvent = { type: 'TargetRegistered', data: registration }
const frozen: TargetEvent = { type: 'TargetFrozen', data: { targetId: 't-1', incidentId: 'i-1', reason: 'unproven', at: now } }

test('a target is registered once', () => {
  spec.given().when({ type: 'RegisterTarget', data: registration }).yields(registered)
  spec.given(registered).when({ type: 'RegisterTarget', data: registration }).refuses('target-already-registered')
})

test('a retired target takes no more orders', () =>
  spec
    .given(registered, { type: 'TargetRetired', data: { targetId: 't-1', by: 'mira', reason: 'gone', at: now } })
    .when({ type: 'PauseTarget', data: { by: 'mira', reason: 'work', now } })
    .refuses('target-not-registered', { situation: 'retired' }))

test('the first reason to freeze stays', () =>
  spec
    .given(registered, frozen)
    .when({ type: 'FreezeTarget', data: { incidentId: 'i-2', reason: 'another', now } })
    .yields())

test('only a person unfreezes, and only what is frozen', () => {
  const unfreeze = { type: 'UnfreezeTarget', data: { by: 'mira', reason: 'checked by hand', now } } as const
  spec
    .given(registered, frozen)
    .when(unfreeze)
    .yields({ type: 'TargetUnfrozen', data: { targetId: 't-1', by: 'mira', reason: 'checked by hand', at: now } })
  spec.given(registered).when(unfreeze).refuses('target-not-frozen')
})

test('seeing and not seeing are told when they change', () => {
  const unseen: TargetEvent = { type: 'TargetUnseen', data: { targetId: 't-1', reason: 'no route', at: now } }
  spec
    .given(registered)
    .when({ type: 'ReportTargetSeen', data: { now } })
    .yields({ type: 'TargetSeen', data: { targetId: 't-1', at: now } })
  spec
    .given(registered, unseen)
    .when({ type: 'ReportTargetUnseen', data: { reason: 'no route', now } })
    .yields()
  spec
    .given(registered, unseen)
    .when({ type: 'ReportTargetUnseen', data: { reason: 'log missing', now } })
    .yields({ type: 'TargetUnseen', data: { targetId: 't-1', reason: 'log missing', at: now } })
})

test('a baseline of nothing is no baseline', () =>
  spec
    .given(registered)
    .when({ type: 'RecordBaseline', data: { entries: [], limits: {}, reason: 'registration', at: now } })
    .yields())
