/** The steps of an execution: one after the other, each once; and what the host says of one whose outcome was lost. */
import { expect, test } from 'vitest'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import {
  EXECUTION,
  proving,
  rollingBack,
  rollingBackSecondStep,
  running,
  runningSecondStep,
  settling,
  spec,
  verifying,
} from './support/healing-situations.ts'
import {
  at,
  closed,
  elapsed,
  failed,
  fix1,
  fix2,
  holds,
  INCIDENT,
  lost,
  reanalyse,
  restore1,
  settled,
  stepEnded,
  stepNeverRan,
} from './support/incident.ts'
import {
  freezes,
  releases,
  rollbackStarted,
  runs,
  settles,
  stepDone,
  stepFailed,
  stepLost,
  stepSettled,
  stepSkipped,
  stepUndecided,
  stepVoid,
  tell,
  timer,
  verifies,
  waits,
  waitsAndTriesAgain,
} from './support/outputs.ts'

test('steps run one after the other, then the cure is proven', () => {
  spec
    .given(...running)
    .when(stepEnded(4, EXECUTION, fix1))
    .yields(stepDone(EXECUTION, fix1), runs(5, EXECUTION, fix2))
  spec
    .given(...runningSecondStep)
    .when(stepEnded(5, EXECUTION, fix2))
    .yields(stepDone(EXECUTION, fix2), verifies(6))
})

test('a step that fails brings the earlier state back', () =>
  spec
    .given(...runningSecondStep)
    .when(stepEnded(5, EXECUTION, fix2, 3))
    .yields(
      stepFailed(EXECUTION, fix2, 3),
      rollbackStarted(EXECUTION, 'step 2 ended with exit code 3'),
      runs(6, EXECUTION, restore1, 'restore'),
    ))

test('a first step that never ran has changed nothing; a later one leaves a half to undo', () => {
  spec
    .given(...running)
    .when(stepNeverRan(4, EXECUTION, fix1))
    .yields(stepSkipped(EXECUTION, fix1), releases(EXECUTION), ...waitsAndTriesAgain(5, 'visibility', 2_000))
  spec
    .given(...runningSecondStep)
    .when(stepNeverRan(5, EXECUTION, fix2))
    .yields(
      stepSkipped(EXECUTION, fix2),
      rollbackStarted(EXECUTION, 'step 2 never ran: the host is away'),
      runs(6, EXECUTION, restore1, 'restore'),
    )
})

test('an unknown outcome is settled by the mark on the host, never by running it again', () => {
  spec
    .given(...running)
    .when(lost(4))
    .yields(stepLost(EXECUTION, fix1), settles(5, EXECUTION, fix1))
  spec
    .given(...settling)
    .when(settled(5, EXECUTION, fix1, { kind: 'void' }))
    .yields(stepVoid(EXECUTION, fix1), releases(EXECUTION), ...waitsAndTriesAgain(6, 'visibility', 2_000))
  spec
    .given(...settling)
    .when(settled(5, EXECUTION, fix1, { kind: 'ended', exitCode: 0 }))
    .yields(stepSettled(EXECUTION, fix1, 0), runs(6, EXECUTION, fix2, 'fix', null))
  spec
    .given(...settling)
    .when(settled(5, EXECUTION, fix1, { kind: 'ended', exitCode: 7 }))
    .yields(
      stepSettled(EXECUTION, fix1, 7),
      rollbackStarted(EXECUTION, 'step 1 ended with exit code 7'),
      runs(6, EXECUTION, restore1, 'restore', null),
    )
  spec
    .given(...settling)
    .when(settled(5, EXECUTION, fix1, { kind: 'unknown', rebooted: true }))
    .yields(stepUndecided(EXECUTION, fix1, 'the host went down while it ran'), verifies(6))
})

test('a step that still runs, or a host that is away, is asked again and again, up to an hour; then a person is', () => {
  const history: HealingInput[] = [...settling]
  const running5 = settled(5, EXECUTION, fix1, { kind: 'running' })
  spec
    .given(...history)
    .when(running5)
    .yields(waits('step', 2_000), timer(6, 'settle-again', 2_000))
  spec
    .given(...history, running5)
    .when(elapsed(6))
    .yields(settles(7, EXECUTION, fix1))
  let waitedMs = 0
  for (let asked = 1; asked < 60; asked++) {
    const turn = 3 + 2 * asked
    const waitMs = Math.min(2_000 * 2 ** (asked - 1), 60_000)
    waitedMs += waitMs
    spec
      .given(...history)
      .when(failed('settle', turn))
      .yields(waits('visibility', waitMs), timer(turn + 1, 'settle-again', waitMs))
    history.push(failed('settle', turn), elapsed(turn + 1))
  }
  expect(waitedMs / 60_000).toBeCloseTo(55, -1)
  spec
    .given(...history)
    .when(failed('settle', 123))
    .yields(
      tell({ type: 'OutcomeUndetermined', data: { incidentId: INCIDENT, executionId: EXECUTION, says: 'no route to host', at } }),
      freezes('no route to host'),
    )
})

test('nothing that a person asks for meanwhile stops an execution half-way', () => {
  for (const history of [running, runningSecondStep, verifying, rollingBack, rollingBackSecondStep, proving, settling]) {
    spec
      .given(...history)
      .when(closed)
      .means('nothing')
    spec
      .given(...history)
      .when(reanalyse)
      .means('nothing')
  }
})

test('the result of an effect that is no longer waited for means nothing', () => {
  spec
    .given(...runningSecondStep)
    .when(stepEnded(4, EXECUTION, fix1, 1))
    .means('nothing')
  spec
    .given(...settling)
    .when(stepEnded(4, EXECUTION, fix1))
    .means('nothing')
  spec
    .given(...verifying)
    .when(lost(4))
    .means('nothing')
  spec
    .given(...proving)
    .when(holds(6))
    .means('nothing')
})
