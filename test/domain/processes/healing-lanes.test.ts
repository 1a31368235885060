/** Waiting for what an execution touches: in a queue, for the hour, with or without the approval that was given. */
import { test } from 'vitest'
import { command } from '../../../src/domain/processes/outputs.ts'
import {
  APPROVAL,
  APPROVED_EXECUTION,
  draftingAgain,
  EXECUTION,
  queued,
  queueing,
  queueingByPolicy,
  redeeming,
  spec,
} from './support/healing-situations.ts'
import {
  byPerson,
  byPolicy,
  drafted,
  elapsed,
  evidence,
  failed,
  lanesAcquired,
  lanesOffered,
  lanesQueued,
  now,
  plan,
  refusedCommand,
  result,
  revoked,
  used,
} from './support/incident.ts'
import {
  asksFor,
  asksForLanes,
  closesFingerprint,
  drafts,
  escalates,
  prepares,
  proposed,
  releases,
  resolves,
  revokes,
  timer,
  waits,
  waitsAndTriesAgain,
} from './support/outputs.ts'

const otherPlan = { ...plan, planHash: 'OTHER' }

test('with its lanes, what the policy allows is prepared, and what a person allowed is redeemed first', () => {
  spec
    .given(...queueingByPolicy)
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
    .given(...redeeming)
    .when(used(APPROVAL, APPROVED_EXECUTION))
    .yields(prepares(4, APPROVED_EXECUTION, byPerson))
  spec
    .given(...queueing)
    .when(lanesAcquired('another'))
    .means('nothing')
  spec
    .given(...redeeming)
    .when(used(APPROVAL, 'another'))
    .means('nothing')
})

test('whoever overlaps waits by name, and an approval that is revoked meanwhile stops it', () => {
  spec
    .given(...queueing)
    .when(lanesQueued(APPROVED_EXECUTION))
    .yields(waits('lanes'))
  spec
    .given(...queued)
    .when(lanesQueued(APPROVED_EXECUTION))
    .means('nothing')
  spec
    .given(...queued)
    .when(revoked(APPROVAL))
    .yields(releases(APPROVED_EXECUTION), escalates('approval-revoked', 'changed my mind'))
})

test('when its turn may have come it plans again', () =>
  spec
    .given(...queued)
    .when(lanesOffered(APPROVED_EXECUTION))
    .yields(drafts(4)))

test('the same plan keeps its approval, another needs a new one and gives the old one up', () => {
  spec
    .given(...draftingAgain)
    .when(drafted(4, byPerson))
    .yields(proposed(byPerson), asksForLanes('execution HASH 4'))
  spec
    .given(...draftingAgain)
    .when(drafted(4, byPerson, otherPlan))
    .yields(
      revokes(APPROVAL),
      proposed(byPerson, otherPlan),
      asksFor('approval OTHER 4', otherPlan),
      waits('approval', 1_800_000),
      timer(5, 'approval', 1_800_000),
    )
  spec
    .given(...draftingAgain)
    .when(drafted(4, byPolicy))
    .yields(revokes(APPROVAL), proposed(byPolicy), asksForLanes('execution HASH 4'))
})

test('an approval that waits for nothing any more does not stay open', () => {
  spec
    .given(...draftingAgain)
    .when(result('draft', 4, { kind: 'not-confirmed', evidence }))
    .yields(revokes(APPROVAL), resolves('recovered', 'The fault was gone before anything was done.'), closesFingerprint())
  spec
    .given(...draftingAgain)
    .when(result('draft', 4, { kind: 'not-permitted', rule: 'target-frozen', says: 'It is frozen.' }))
    .yields(revokes(APPROVAL), escalates('target-frozen', 'It is frozen.'))
})

test('an approval is kept while the host cannot be seen', () =>
  spec
    .given(...draftingAgain, failed('draft', 4), elapsed(5))
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
