/** The way back: the earlier state is restored and proven, or the target is frozen and a person is called. */
import { expect, test } from 'vitest'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import type { Output } from '../../../src/domain/processes/process-manager.ts'
import {
  CAUSE,
  EXECUTION,
  proving,
  rollingBack,
  rollingBackSecondStep,
  running,
  settling,
  spec,
  verifying,
} from './support/healing-situations.ts'
import {
  at,
  doesNotHold,
  elapsed,
  fix1,
  fix2,
  INCIDENT,
  inMs,
  lost,
  plan,
  restore1,
  restore2,
  result,
  settled,
  stepEnded,
  stepNeverRan,
} from './support/incident.ts'
import {
  escalates,
  fixFailed,
  freezes,
  proves,
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
  verification,
} from './support/outputs.ts'

test('a rollback runs its steps in order and proves that the earlier state is back', () => {
  spec
    .given(...verifying)
    .when(doesNotHold(6))
    .yields(verification(EXECUTION, false, 'still full'), rollbackStarted(EXECUTION, CAUSE), runs(7, EXECUTION, restore1, 'restore'))
  spec
    .given(...rollingBack)
    .when(stepEnded(7, EXECUTION, restore1))
    .yields(stepDone(EXECUTION, restore1), runs(8, EXECUTION, restore2, 'restore'))
  spec
    .given(...rollingBackSecondStep)
    .when(stepEnded(8, EXECUTION, restore2))
    .yields(stepDone(EXECUTION, restore2), proves(9))
  spec
    .given(...proving)
    .when(result('prove', 9, { kind: 'same' }))
    .yields(
      ...fixFailed(EXECUTION),
      tell({ type: 'RollbackProven', data: { incidentId: INCIDENT, executionId: EXECUTION, at } }),
      releases(EXECUTION),
      escalates('fix-failed-rolled-back', `${CAUSE}; the earlier state is back, proven`),
    )
})

const rollbackFailed = (says: string) => [...fixFailed(EXECUTION), freezes(says), releases(EXECUTION), escalates('rollback-failed', says)]

test('a rollback that fails, or leaves a difference, freezes the target and calls a person', () => {
  spec
    .given(...rollingBack)
    .when(stepEnded(7, EXECUTION, restore1, 1))
    .yields(stepFailed(EXECUTION, restore1, 1), ...rollbackFailed('restoring ended with exit code 1'))
  spec
    .given(...proving)
    .when(result('prove', 9, { kind: 'different', differences: ['/a: mode is 0600, was 0644', 'health is down, was up'] }))
    .yields(...rollbackFailed('the earlier state is not back: /a: mode is 0600, was 0644, health is down, was up'))
})

test('a restore that provably never ran is tried again under a new mark, a few times', () => {
  const history: HealingInput[] = [...rollingBack]
  for (const [index, waitMs] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    const turn = 7 + 2 * index
    const step = index === 0 ? restore1 : { ...restore1, name: `restore-1.${index + 1}` }
    spec
      .given(...history)
      .when(stepNeverRan(turn, EXECUTION, step))
      .yields(stepSkipped(EXECUTION, step), timer(turn + 1, 'restore-again', waitMs))
    history.push(stepNeverRan(turn, EXECUTION, step))
    const next = { ...restore1, name: `restore-1.${index + 2}` }
    spec
      .given(...history)
      .when(elapsed(turn + 1))
      .yields(runs(turn + 2, EXECUTION, next, 'restore'))
    history.push(elapsed(turn + 1))
  }
  const last = { ...restore1, name: 'restore-1.6' }
  spec
    .given(...history)
    .when(stepNeverRan(17, EXECUTION, last))
    .yields(stepSkipped(EXECUTION, last), ...rollbackFailed('restoring could not be started: the host is away'))
})

test('the outcome of a restore is settled like that of a step, and its cause is not forgotten', () => {
  const again = { ...restore1, name: 'restore-1.2' }
  const settlingRestore = [...rollingBack, stepNeverRan(7, EXECUTION, restore1), elapsed(8), lost(9)]
  spec
    .given(...settlingRestore.slice(0, -1))
    .when(lost(9))
    .yields(stepLost(EXECUTION, again), settles(10, EXECUTION, again))
  spec
    .given(...settlingRestore)
    .when(settled(10, EXECUTION, again, { kind: 'void' }))
    .yields(stepVoid(EXECUTION, again), timer(11, 'restore-again', 4_000))
  spec
    .given(...settlingRestore, settled(10, EXECUTION, again, { kind: 'void' }))
    .when(elapsed(11))
    .yields(runs(12, EXECUTION, { ...restore1, name: 'restore-1.3' }, 'restore'))
  spec
    .given(...settlingRestore)
    .when(settled(10, EXECUTION, again, { kind: 'ended', exitCode: 0 }))
    .yields(stepSettled(EXECUTION, again, 0), runs(11, EXECUTION, restore2, 'restore'))
  spec
    .given(...settlingRestore)
    .when(settled(10, EXECUTION, again, { kind: 'ended', exitCode: 2 }))
    .yields(stepSettled(EXECUTION, again, 2), ...rollbackFailed('restoring ended with exit code 2'))
  spec
    .given(...settlingRestore)
    .when(settled(10, EXECUTION, again, { kind: 'unknown', rebooted: false }))
    .yields(stepUndecided(EXECUTION, again, 'it was ended before it could say how'), proves(11))
  const { outputs } = spec
    .given(...settlingRestore, settled(10, EXECUTION, again, { kind: 'unknown', rebooted: false }))
    .when(result('prove', 11, { kind: 'same' }))
  expect(outputs.at(-1)).toStrictEqual(escalates('fix-failed-rolled-back', `${CAUSE}; the earlier state is back, proven`))
})

test('a rollback that nobody can prove is looked at a few times, then a person must say what happened', () => {
  const history: HealingInput[] = [...proving]
  const blind = (turn: number) => result('prove', turn, { kind: 'unknown', reason: 'no answer' })
  for (const [attempt, waitMs] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    const turn = 9 + 2 * attempt
    spec
      .given(...history)
      .when(blind(turn))
      .yields(timer(turn + 1, 'prove-again', waitMs))
    spec
      .given(...history, blind(turn))
      .when(elapsed(turn + 1))
      .yields(proves(turn + 2))
    history.push(blind(turn), elapsed(turn + 1))
  }
  spec
    .given(...history)
    .when(blind(19))
    .yields(
      tell({ type: 'OutcomeUndetermined', data: { incidentId: INCIDENT, executionId: EXECUTION, says: 'no answer', at } }),
      freezes('no answer'),
    )
})

test('a restore that would overwrite the work of somebody else is not run: the target is frozen, and the three states are shown', () => {
  const changes = [{ what: 'file /etc/redis.conf', before: 'a', left: 'b', now: 'c', sinceLeft: { text: '-b\n+c\n' } }]
  const says = `${CAUSE}; not rolled back, because somebody else has changed file /etc/redis.conf since. Nothing was touched.`
  const ran = { executionId: EXECUTION, step: restore1.name, say: restore1.say }
  const why = { text: 'it would have overwritten what somebody else has changed' }
  spec
    .given(...rollingBack)
    .when(result('run-step', 7, { kind: 'changed-by-others', changes, ran }))
    .yields(
      tell({ type: 'StepRun', data: { incidentId: INCIDENT, ...ran, outcome: 'never-ran', says: why, at } }),
      tell({ type: 'RollbackRefused', data: { incidentId: INCIDENT, executionId: EXECUTION, changes, at } }),
      ...fixFailed(EXECUTION),
      freezes(says),
      releases(EXECUTION),
      escalates('changed-by-others', says),
    )
})

test('how long Steward was away is counted from the last step that it saw end, not from when it came back', () => {
  const settledLate = settled(5, EXECUTION, fix1, { kind: 'ended', exitCode: 7 })
  const { outputs } = spec.given(...settling).when(laterBy(settledLate, 3_600_000))
  expect(outputs.at(-1)).toStrictEqual(runs(6, EXECUTION, restore1, 'restore', null))
  const { outputs: inTime } = spec.given(...running, laterBy(stepEnded(4, EXECUTION, fix1), 60_000)).when(stepEnded(5, EXECUTION, fix2, 3))
  expect(lateAtOf(inTime)).toBe(inMs(plan.windowMs + 120_000))
  const { outputs: seenLater } = spec.given(...running).when(laterBy(stepEnded(4, EXECUTION, fix1, 3), 60_000))
  expect(lateAtOf(seenLater)).toBe(inMs(60_000 + plan.windowMs + 120_000))
})

/** The same input, recorded later. */
const laterBy = (input: HealingInput, ms: number): HealingInput =>
  input.type === 'EffectSucceeded' ? { ...input, data: { ...input.data, at: inMs(ms) } } : input

const lateAtOf = (outputs: readonly Output[]) =>
  outputs.flatMap((output) =>
    output.kind === 'effect' && output.request.kind === 'run-step' ? [output.request.params.touched.lateAt] : [],
  )[0]
