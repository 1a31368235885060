/** From a confirmed remedy to a plan, and to somebody who lets it run. */
import { test } from 'vitest'
import type { ConfirmedRemedy } from '../../../src/domain/processes/effects.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { APPROVAL, APPROVED_EXECUTION, asking, drafting, EXECUTION, redeeming, spec } from './support/healing-situations.ts'
import {
  byPerson,
  byPolicy,
  drafted,
  elapsed,
  evidence,
  expired,
  failed,
  granted,
  now,
  opened,
  refusedCommand,
  rejected,
  remedy,
  result,
  revoked,
} from './support/incident.ts'
import {
  asksFor,
  asksForLanes,
  closesFingerprint,
  drafts,
  escalates,
  proposed,
  releases,
  resolves,
  revokes,
  timer,
  waits,
  waitsAndTriesAgain,
} from './support/outputs.ts'

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
  spec
    .given(...drafting)
    .when(result('draft', 2, { kind: 'not-permitted', rule: 'missing-right', says: 'To allow it: grant.' }))
    .yields(escalates('missing-right', 'To allow it: grant.'))
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

test('an approval that cannot be used any more stops it and gives the lanes back', () => {
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
