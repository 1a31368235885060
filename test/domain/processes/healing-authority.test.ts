import { expect, test } from 'vitest'
import type { ConfirmedRemedy } from '../../../src/domain/processes/effects.ts'
import { healing } from '../../../src/domain/processes/healing/healing.ts'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { specifyProcess } from '../../support/specify-process.ts'
import {
  APPROVAL,
  APPROVED_EXECUTION,
  asking,
  at,
  byPerson,
  byPolicy,
  closed,
  confirmed,
  drafted,
  EXECUTION,
  elapsed,
  evidence,
  expired,
  failed,
  granted,
  INCIDENT,
  inMs,
  lanesAcquired,
  lanesOffered,
  lanesQueued,
  now,
  opened,
  plan,
  preparedWith,
  queueing,
  reanalyse,
  refusedCommand,
  rejected,
  remedy,
  result,
  revoked,
  used,
} from './support/incident.ts'
import {
  asksForLanes,
  closesFingerprint,
  drafts,
  escalates,
  fix1,
  investigates,
  prepares,
  releases,
  resolves,
  revokes,
  runs,
  tell,
  timer,
  waits,
  waitsAndTriesAgain,
} from './support/outputs.ts'

const spec = specifyProcess(healing, INCIDENT)
const drafting = [opened, confirmed()]
const proposed = (authority: typeof byPerson | typeof byPolicy | { kind: 'observe-only' }, of = plan) =>
  tell({ type: 'PlanProposed', data: { incidentId: INCIDENT, plan: of, authority, at } })
const asksFor = (approvalId: string, of = plan, approversNeeded: 1 | 2 = 1) =>
  command({
    aggregate: 'approval',
    id: approvalId,
    command: {
      type: 'RequestApproval',
      data: {
        approvalId,
        incidentId: INCIDENT,
        planHash: of.planHash,
        requestedBy: 'steward',
        expiresAt: inMs(1_800_000),
        approversNeeded,
      },
    },
  })
const otherPlan = { ...plan, planHash: 'OTHER' }

test('a plan that the policy allows takes its lanes', () =>
  spec
    .given(...drafting)
    .when(drafted(2))
    .yields(proposed(byPolicy), asksForLanes(EXECUTION)))

test('a plan that needs a person waits for one, with a time limit', () =>
  spec
    .given(...drafting)
    .when(drafted(2, byPerson))
    .yields(proposed(byPerson), asksFor(APPROVAL), waits('approval', 1_800_000), timer(3, 'approval', 1_800_000)))

test('an observed target is told what would be done, and nothing is done', () =>
  spec
    .given(...drafting)
    .when(drafted(2, { kind: 'observe-only' }))
    .yields(proposed({ kind: 'observe-only' }), escalates('observe-mode', 'This target is only observed.')))

test('a fault that is gone before there is a plan ends as recovered', () =>
  spec
    .given(...drafting)
    .when(result('draft', 2, { kind: 'not-confirmed', evidence }))
    .yields(resolves('recovered', 'The fault was gone before anything was done.'), closesFingerprint()))

test('a plan that is not permitted is told to a person', () => {
  spec
    .given(...drafting)
    .when(result('draft', 2, { kind: 'not-permitted', rule: 'target-frozen', says: 'It is frozen.' }))
    .yields(escalates('target-frozen', 'It is frozen.'))
  spec
    .given(...drafting)
    .when(result('draft', 2, { kind: 'not-permitted', rule: 'dry-run-failed', says: 'No.' }))
    .yields(escalates('not-executed', 'No.'))
})

test('a plan that cannot be made now is tried again a few times, then a person is called', () => {
  const history = [...drafting]
  for (const [attempt, waitMs] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    const turn = 2 + 2 * attempt
    spec
      .given(...history)
      .when(failed('draft', turn))
      .yields(...waitsAndTriesAgain(turn + 1, 'visibility', waitMs))
    history.push(failed('draft', turn), elapsed(turn + 1))
  }
  spec
    .given(...history)
    .when(failed('draft', 12))
    .yields(escalates('cannot-see', 'no route to host'))
})

test('while no plan can be made, the remedy that was chosen is kept', () => {
  const chosen: ConfirmedRemedy = { ...remedy, chosenBy: 'analyst', confidence: 0.8 }
  spec
    .given(
      opened,
      result('investigate', 1, { kind: 'confirmed', remedy: chosen, evidence }),
      result('draft', 2, { kind: 'unknown', reason: 'no answer' }),
    )
    .when(elapsed(3))
    .yields(drafts(4, chosen))
})

test('a complete approval takes the lanes', () => {
  spec
    .given(...asking)
    .when(granted(APPROVAL))
    .yields(asksForLanes(APPROVED_EXECUTION))
  spec
    .given(...asking)
    .when(granted(APPROVAL, false))
    .means('nothing')
  spec
    .given(...asking)
    .when(granted('another'))
    .means('nothing')
})

test('a rejected, revoked or expired approval goes to a person', () => {
  spec
    .given(...asking)
    .when(rejected(APPROVAL))
    .yields(escalates('approval-rejected', 'not now'))
  spec
    .given(...asking)
    .when(revoked(APPROVAL))
    .yields(escalates('approval-revoked', 'changed my mind'))
  spec
    .given(...asking)
    .when(expired(APPROVAL))
    .yields(escalates('approval-expired', 'Nobody answered in time.'))
  for (const answer of [rejected, revoked, expired])
    spec
      .given(...asking)
      .when(answer('another'))
      .means('nothing')
})

test('when nobody has answered in time the approval expires, once', () => {
  const expire = command({ aggregate: 'approval', id: APPROVAL, command: { type: 'ExpireApproval', data: { now } } })
  spec
    .given(...asking)
    .when(elapsed(3))
    .yields(expire)
  spec
    .given(...asking, elapsed(3))
    .when(elapsed(3))
    .means('nothing')
  spec
    .given(...asking, elapsed(3))
    .when(granted(APPROVAL))
    .yields(asksForLanes(APPROVED_EXECUTION))
})

test('with its lanes, what the policy allows is prepared, and what a person allowed is redeemed first', () => {
  spec
    .given(...drafting, drafted(2))
    .when(lanesAcquired(EXECUTION))
    .yields(prepares(3, EXECUTION, byPolicy))
  spec
    .given(...queueing)
    .when(lanesAcquired(APPROVED_EXECUTION))
    .yields(
      command({
        aggregate: 'approval',
        id: APPROVAL,
        command: { type: 'UseApproval', data: { planHash: 'HASH', executionId: APPROVED_EXECUTION, now } },
      }),
    )
  spec
    .given(...queueing, lanesAcquired(APPROVED_EXECUTION))
    .when(used(APPROVAL, APPROVED_EXECUTION))
    .yields(prepares(4, APPROVED_EXECUTION, byPerson))
  spec
    .given(...queueing)
    .when(lanesAcquired('another'))
    .means('nothing')
  spec
    .given(...queueing, lanesAcquired(APPROVED_EXECUTION))
    .when(used(APPROVAL, 'another'))
    .means('nothing')
})

test('an approval that cannot be used any more stops it and gives the lanes back', () => {
  const redeeming = [...queueing, lanesAcquired(APPROVED_EXECUTION)]
  spec
    .given(...redeeming)
    .when(refusedCommand('UseApproval', 'approval-not-granted', { situation: 'revoked' }))
    .yields(releases(APPROVED_EXECUTION), escalates('approval-revoked', 'The approval could not be used: approval-not-granted.'))
  spec
    .given(...redeeming)
    .when(refusedCommand('UseApproval', 'approval-not-granted', { situation: 'expired' }))
    .yields(releases(APPROVED_EXECUTION), escalates('approval-expired', 'The approval could not be used: approval-not-granted.'))
  spec
    .given(...redeeming)
    .when(refusedCommand('UseApproval', 'approval-expired'))
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), escalates('approval-expired', 'It was granted too long ago.'))
  spec
    .given(...redeeming)
    .when(refusedCommand('ReportIncident', 'incident-ended'))
    .means('nothing')
})

test('whoever overlaps waits by name, and an approval that is revoked meanwhile stops it', () => {
  spec
    .given(...queueing)
    .when(lanesQueued(APPROVED_EXECUTION))
    .yields(waits('lanes'))
  spec
    .given(...queueing, lanesQueued(APPROVED_EXECUTION))
    .when(lanesQueued(APPROVED_EXECUTION))
    .means('nothing')
  spec
    .given(...queueing, lanesQueued(APPROVED_EXECUTION))
    .when(revoked(APPROVAL))
    .yields(releases(APPROVED_EXECUTION), escalates('approval-revoked', 'changed my mind'))
})

const offered: readonly HealingInput[] = [...queueing, lanesQueued(APPROVED_EXECUTION), lanesOffered(APPROVED_EXECUTION)]

test('when its turn may have come it plans again', () =>
  spec
    .given(...queueing, lanesQueued(APPROVED_EXECUTION))
    .when(lanesOffered(APPROVED_EXECUTION))
    .yields(drafts(4)))

test('the same plan keeps its approval, another needs a new one and gives the old one up', () => {
  spec
    .given(...offered)
    .when(drafted(4, byPerson))
    .yields(proposed(byPerson), asksForLanes('execution HASH 4'))
  spec
    .given(...offered)
    .when(drafted(4, byPerson, otherPlan))
    .yields(
      revokes(APPROVAL),
      proposed(byPerson, otherPlan),
      asksFor('approval OTHER 4', otherPlan),
      waits('approval', 1_800_000),
      timer(5, 'approval', 1_800_000),
    )
  spec
    .given(...offered)
    .when(drafted(4, byPolicy))
    .yields(revokes(APPROVAL), proposed(byPolicy), asksForLanes('execution HASH 4'))
})

test('an approval that waits for nothing any more does not stay open', () => {
  spec
    .given(...offered)
    .when(result('draft', 4, { kind: 'not-confirmed', evidence }))
    .yields(revokes(APPROVAL), resolves('recovered', 'The fault was gone before anything was done.'), closesFingerprint())
  spec
    .given(...offered)
    .when(result('draft', 4, { kind: 'not-permitted', rule: 'target-frozen', says: 'It is frozen.' }))
    .yields(revokes(APPROVAL), escalates('target-frozen', 'It is frozen.'))
})

test('an approval is kept while the host cannot be seen', () =>
  spec
    .given(...offered, failed('draft', 4), elapsed(5))
    .when(drafted(6, byPerson))
    .yields(proposed(byPerson), asksForLanes('execution HASH 6')))

test('a host that has had enough for this hour is asked less and less often, its approval kept', () => {
  const full = refusedCommand('AcquireLanes', 'host-budget-exhausted')
  spec
    .given(...queueing)
    .when(full)
    .yields(releases(APPROVED_EXECUTION), ...waitsAndTriesAgain(4, 'host-budget', 15_000))
  const again = [...queueing, full, elapsed(4), drafted(5, byPerson)]
  spec
    .given(...queueing, full)
    .when(elapsed(4))
    .yields(drafts(5))
  spec
    .given(...again)
    .when(full)
    .yields(releases('execution HASH 5'), ...waitsAndTriesAgain(6, 'host-budget', 30_000))
  spec
    .given(...queueing)
    .when(refusedCommand('ReportIncident', 'incident-ended'))
    .means('nothing')
})

const preparing = [...queueing, lanesAcquired(APPROVED_EXECUTION), used(APPROVAL, APPROVED_EXECUTION)]

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
    ...drafting,
    drafted(2),
    lanesAcquired(EXECUTION),
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
  const history: HealingInput[] = [opened, confirmed()]
  let turn = 2
  for (const waitMs of [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]) {
    const execution = `execution HASH ${turn}`
    history.push(drafted(turn), lanesAcquired(execution))
    spec
      .given(...history)
      .when(halted(turn + 1))
      .yields(releases(execution), ...waitsAndTriesAgain(turn + 2, 'healing-stopped', waitMs))
    history.push(halted(turn + 1), elapsed(turn + 2))
    turn += 3
  }
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
  const history: HealingInput[] = [opened, confirmed()]
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

const closing = closesFingerprint()

test('a person may close it at any time before it acts, and everything it holds is given back', () => {
  spec.given(opened).when(closed).yields(closing)
  spec
    .given(...drafting)
    .when(closed)
    .yields(closing)
  spec
    .given(...asking)
    .when(closed)
    .yields(revokes(APPROVAL), closing)
  spec
    .given(...queueing)
    .when(closed)
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), closing)
  spec
    .given(...queueing, lanesQueued(APPROVED_EXECUTION))
    .when(closed)
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), closing)
  spec
    .given(...offered)
    .when(closed)
    .yields(revokes(APPROVAL), closing)
  spec
    .given(...offered, failed('draft', 4))
    .when(closed)
    .yields(revokes(APPROVAL), closing)
  spec
    .given(...queueing, lanesAcquired(APPROVED_EXECUTION))
    .when(closed)
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), closing)
  spec
    .given(...preparing)
    .when(closed)
    .yields(releases(APPROVED_EXECUTION), closing)
  spec
    .given(...asking, rejected(APPROVAL))
    .when(closed)
    .yields(closing)
})

test('after the end nothing follows from anything', () => {
  for (const late of [drafted(2, byPerson), granted(APPROVAL), elapsed(3), closed, reanalyse, lanesAcquired(EXECUTION)]) {
    spec
      .given(...asking, closed)
      .when(late)
      .means('nothing')
  }
})

test('a person may have it looked at again while it waits, and everything it holds is given back', () => {
  spec
    .given(...asking)
    .when(reanalyse)
    .yields(revokes(APPROVAL), investigates(4))
  spec
    .given(...queueing, lanesQueued(APPROVED_EXECUTION))
    .when(reanalyse)
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), investigates(4))
  spec
    .given(...preparing)
    .when(reanalyse)
    .means('nothing')
})
