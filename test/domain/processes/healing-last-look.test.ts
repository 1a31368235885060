/** The last look under the lock, and what comes of it. */
import { expect, test } from 'vitest'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { APPROVED_EXECUTION, drafting, preparing, preparingByPolicy, queueingByPolicy, spec } from './support/healing-situations.ts'
import {
  at,
  byPerson,
  drafted,
  elapsed,
  evidence,
  failed,
  fix1,
  healingOffered,
  INCIDENT,
  lanesAcquired,
  now,
  preparedWith,
  reanalyse,
  refusedCommand,
  remedy,
  result,
} from './support/incident.ts'
import {
  asksFor,
  awaitsHealing,
  closesFingerprint,
  drafts,
  escalates,
  proposed,
  releases,
  resolves,
  runs,
  tell,
  timer,
  waits,
  waitsAndTriesAgain,
} from './support/outputs.ts'

test('what is prepared begins with its first step, on record with the incident and with the action', () =>
  spec
    .given(...preparing)
    .when(preparedWith(4))
    .yields(
      tell({
        type: 'ExecutionStarted',
        data: { incidentId: INCIDENT, executionId: APPROVED_EXECUTION, planHash: 'HASH', authority: byPerson, at },
      }),
      command({
        aggregate: 'remedy-guard',
        id: remedy.action.id,
        command: { type: 'RecordRemedyUse', data: { actionId: remedy.action.id, targetId: 'target', incidentId: INCIDENT, now } },
      }),
      runs(5, APPROVED_EXECUTION, fix1),
    ))

test('a host that has changed since the plan was made voids the approval; the third time a person is called', () => {
  const drift = (turn: number) => result('prepare', turn, { kind: 'drifted', changed: ['/etc/redis.conf'] })
  spec
    .given(...preparing)
    .when(drift(4))
    .yields(releases(APPROVED_EXECUTION), drafts(5))
  spec
    .given(...preparing, drift(4))
    .when(drafted(5, byPerson))
    .yields(proposed(byPerson), asksFor('approval HASH 5'), waits('approval', 1_800_000), timer(6, 'approval', 1_800_000))
  const twice: readonly HealingInput[] = [
    ...preparingByPolicy,
    drift(3),
    drafted(4),
    lanesAcquired('execution HASH 4'),
    drift(5),
    drafted(6),
    lanesAcquired('execution HASH 6'),
  ]
  const escalated = escalates('plan-drifted', 'The host has changed since the plan was made: /etc/redis.conf.')
  spec
    .given(...twice)
    .when(drift(7))
    .yields(releases('execution HASH 6'), escalated)
  const { state } = spec.given(...twice, drift(7)).when(reanalyse)
  expect(state).toMatchObject({ phase: 'investigating', setbacks: { drifts: 0 } })
})

test('a fault that is gone under the lock ends as recovered', () =>
  spec
    .given(...preparing)
    .when(result('prepare', 4, { kind: 'not-confirmed', evidence }))
    .yields(releases(APPROVED_EXECUTION), resolves('recovered', 'The fault was gone before anything was done.'), closesFingerprint()))

test('while healing is stopped it waits, longer and longer, for as long as that lasts', () => {
  const halted = (turn: number) => result('prepare', turn, { kind: 'halted', by: 'mira' })
  const history: HealingInput[] = [...drafting]
  let turn = 2
  for (const waitMs of [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]) {
    const execution = `execution HASH ${turn}`
    history.push(drafted(turn), lanesAcquired(execution))
    spec
      .given(...history)
      .when(halted(turn + 1))
      .yields(releases(execution), ...waitsAndTriesAgain(turn + 2, 'healing-stopped', waitMs), awaitsHealing)
    history.push(halted(turn + 1), elapsed(turn + 2))
    turn += 3
  }
})

test('when healing is resumed it goes on at once; what waits for something else does not', () => {
  const halted = [...preparingByPolicy, result('prepare', 3, { kind: 'halted', by: 'mira' })]
  spec
    .given(...halted)
    .when(healingOffered)
    .yields(drafts(5))
  spec
    .given(...halted, healingOffered)
    .when(elapsed(4))
    .means('nothing')
  spec
    .given(...queueingByPolicy, refusedCommand('AcquireLanes', 'host-budget-exhausted'))
    .when(healingOffered)
    .means('nothing')
})

test('a preparation that sees nothing, or fails, is tried again a few times with a new plan', () => {
  spec
    .given(...preparing)
    .when(result('prepare', 4, { kind: 'unknown', reason: 'no answer' }))
    .yields(releases(APPROVED_EXECUTION), ...waitsAndTriesAgain(5, 'visibility', 2_000))
  spec
    .given(...preparing)
    .when(failed('prepare', 4))
    .yields(releases(APPROVED_EXECUTION), ...waitsAndTriesAgain(5, 'visibility', 2_000))
  const history: HealingInput[] = [...drafting]
  for (let turn = 2; turn < 17; turn += 3)
    history.push(drafted(turn), lanesAcquired(`execution HASH ${turn}`), failed('prepare', turn + 1), elapsed(turn + 2))
  spec
    .given(...history, drafted(17), lanesAcquired('execution HASH 17'))
    .when(failed('prepare', 18))
    .yields(releases('execution HASH 17'), escalates('cannot-see', 'no route to host'))
})

test('a preparation that is refused is told to a person', () =>
  spec
    .given(...preparing)
    .when(result('prepare', 4, { kind: 'refused', rule: 'snapshot-failed', says: 'No space.' }))
    .yields(releases(APPROVED_EXECUTION), escalates('not-executed', 'No space.')))
