/** The folds of the other read models, where they do more than copy. */
import { describe, expect, test } from 'vitest'
import type { DomainEvent } from '../../src/domain/events.ts'
import { later } from '../../src/domain/instant.ts'
import { createMemoryAgenda } from '../../src/projections/agenda.ts'
import { allProjections, type ProjectionName } from '../../src/projections/all.ts'
import { dueTimers } from '../../src/projections/due-timers.ts'
import { createMemoryProjections } from '../../src/projections/memory-projections.ts'
import { openCommands } from '../../src/projections/open-commands.ts'
import { openEffects } from '../../src/projections/open-effects.ts'
import { at, History, sample } from './support/events.ts'

function rowsAfter<Name extends ProjectionName>(name: Name, ...events: readonly DomainEvent[]) {
  const history = new History()
  const projections = createMemoryProjections(allProjections)
  for (const event of events) projections.apply(history.add('thing-1', event))
  return projections.rows(name)
}

describe('targets', () => {
  test('are visible only after they were seen, and keep the reason when they are not', () => {
    const registered = sample('TargetRegistered')
    expect(rowsAfter('targets', registered)).toMatchObject([{ visibility: 'unknown', mode: 'act', frozen: false }])
    expect(rowsAfter('targets', registered, sample('TargetUnseen'))).toMatchObject([
      { visibility: 'unseen', unseenReason: 'the log cannot be read' },
    ])
    expect(rowsAfter('targets', registered, sample('TargetUnseen'), sample('TargetSeen'))).toMatchObject([
      { visibility: 'visible', unseenReason: null, seenAt: at },
    ])
  })

  test('count their anomalies, and carry the revision of their own stream only', () => {
    const [row] = rowsAfter('targets', sample('TargetRegistered'), sample('TargetFrozen'), sample('AnomalyDetected'))
    expect(row).toMatchObject({ anomalies: 1, frozen: true, frozenBy: sample('TargetFrozen').data.incidentId, revision: 1n })
  })
})

test('an anomaly counts its repetitions and knows the incident that answers it', () => {
  const [row] = rowsAfter('anomalies', sample('AnomalyDetected'), sample('AnomalyRepeated'), sample('IncidentOpened'))
  expect(row).toMatchObject({ count: 18, incidentId: sample('IncidentOpened').data.incidentId, status: 'new', revision: 1n })
})

test('an approval under four eyes is pending until the second owner agrees', () => {
  const first = sample('ApprovalGranted', { complete: false })
  expect(rowsAfter('approvals', sample('ApprovalRequested'), first)).toMatchObject([{ state: 'pending', pending: true }])
  const second = sample('ApprovalGranted', { owner: 'jon' })
  expect(rowsAfter('approvals', sample('ApprovalRequested'), first, second)).toMatchObject([
    { state: 'granted', pending: false, grants: [{ owner: 'mira' }, { owner: 'jon' }] },
  ])
})

test('a breaker opens, and its reset forgets the failures', () => {
  const failed = sample('FixFailed')
  const broken = [sample('FingerprintOpened'), failed, failed, sample('BreakerOpened')]
  expect(rowsAfter('fingerprints', ...broken)).toMatchObject([{ failures: 2, breaker: 'open' }])
  expect(rowsAfter('fingerprints', ...broken, sample('BreakerReset'))).toMatchObject([
    { failures: 0, breaker: 'closed', breakerChangedBy: 'mira' },
  ])
})

test('a remedy is held back on every host where it failed until a person clears it', () => {
  const failed = [sample('RemedyFailed'), sample('RemedyFailed', { hostId: 'other' }), sample('RemedyFailed')]
  expect(rowsAfter('remedy-guards', ...failed)).toMatchObject([{ failedOn: [sample('RemedyFailed').data.hostId, 'other'] }])
  expect(rowsAfter('remedy-guards', ...failed, sample('RemedyCleared'), sample('RemedyApplied'))).toMatchObject([
    { failedOn: [], clearedBy: 'mira', appliedAt: { [sample('RemedyApplied').data.targetId]: at } },
  ])
})

test('the agenda names what is open, oldest first, and nothing that has an end', async () => {
  const history = new History()
  const projections = createMemoryProjections([openEffects, dueTimers, openCommands])
  const agenda = createMemoryAgenda(projections)
  const apply = (...events: readonly DomainEvent[]) => {
    for (const event of events) projections.apply(history.add('thing-1', event))
  }
  apply(
    sample('EffectRequested', { effectId: 'b' }),
    sample('EffectRequested', { effectId: 'a' }),
    sample('EffectRequested', { effectId: 'done' }),
    sample('EffectSucceeded', { effectId: 'done' }),
    sample('EffectStarted', { effectId: 'a' }),
    sample('TimeoutScheduled', { timerId: 'late', dueAt: later(at, 2_000) }),
    sample('TimeoutScheduled', { timerId: 'soon', dueAt: later(at, 1_000) }),
    sample('TimeoutScheduled', { timerId: 'off', dueAt: at }),
    sample('TimeoutCancelled', { timerId: 'off' }),
    sample('CommandReceived', { commandId: 'one' }),
    sample('CommandReceived', { commandId: 'two' }),
    sample('CommandFailed', { commandId: 'one' }),
  )
  expect(await agenda.openEffects(10)).toMatchObject([
    { effectId: 'b', runnerId: undefined },
    { effectId: 'a', runnerId: 'runner-1', deadlineAt: sample('EffectStarted').data.deadlineAt },
  ])
  expect(await agenda.openEffects(1)).toHaveLength(1)
  expect(await agenda.dueTimers(later(at, 1_000), 10)).toMatchObject([{ timerId: 'soon' }])
  expect((await agenda.dueTimers(later(at, 9_000), 10)).map(({ timerId }) => timerId)).toEqual(['soon', 'late'])
  expect(await agenda.openCommands(at, 10)).toEqual([])
  expect(await agenda.openCommands(later(at, 1), 10)).toEqual(['two'])
})

test('a fold that throws leaves its read model as it was', () => {
  const projections = createMemoryProjections([openEffects])
  const history = new History()
  const event = history.add('thing-1', sample('EffectRequested'))
  expect(() => projections.apply({ ...event, data: { ...event.data, request: undefined } } as never)).toThrow()
  expect(projections.rows('open-effects')).toEqual([])
})
