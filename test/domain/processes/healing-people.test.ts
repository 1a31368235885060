/** What a person may ask for while it has not acted yet: to close it, or to look again. */
import { test } from 'vitest'
import {
  APPROVAL,
  APPROVED_EXECUTION,
  asking,
  drafting,
  draftingAgain,
  EXECUTION,
  preparing,
  queued,
  queueing,
  redeeming,
  spec,
} from './support/healing-situations.ts'
import { byPerson, closed, drafted, elapsed, failed, granted, lanesAcquired, opened, reanalyse, rejected } from './support/incident.ts'
import { closesFingerprint, investigates, releases, revokes } from './support/outputs.ts'

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
    .given(...queued)
    .when(closed)
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), closing)
  spec
    .given(...draftingAgain)
    .when(closed)
    .yields(revokes(APPROVAL), closing)
  spec
    .given(...draftingAgain, failed('draft', 4))
    .when(closed)
    .yields(revokes(APPROVAL), closing)
  spec
    .given(...redeeming)
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
    .given(...queued)
    .when(reanalyse)
    .yields(revokes(APPROVAL), releases(APPROVED_EXECUTION), investigates(4))
  spec
    .given(...preparing)
    .when(reanalyse)
    .means('nothing')
})
