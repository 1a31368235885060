/** What a person may ask for while it has not acted yet: to close it, or to look again. */
import { test } from 'vitest'
import { healing } from '../../../src/domain/processes/healing/healing.ts'
import { specifyProcess } from '../../support/specify-process.ts'
import {
  APPROVAL,
  APPROVED_EXECUTION,
  asking,
  byPerson,
  closed,
  confirmed,
  drafted,
  EXECUTION,
  elapsed,
  failed,
  granted,
  INCIDENT,
  lanesAcquired,
  lanesQueued,
  offered,
  opened,
  preparing,
  queueing,
  reanalyse,
  rejected,
} from './support/incident.ts'
import { closesFingerprint, investigates, releases, revokes } from './support/outputs.ts'

const spec = specifyProcess(healing, INCIDENT)
const drafting = [opened, confirmed()]

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
