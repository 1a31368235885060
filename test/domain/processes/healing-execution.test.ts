import { expect, test } from 'vitest'
import { healing } from '../../../src/domain/processes/healing/healing.ts'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { specifyProcess } from '../../support/specify-process.ts'
import {
  closed,
  confirmed,
  declared,
  drafted,
  EXECUTION,
  elapsed,
  failed,
  INCIDENT,
  lanesAcquired,
  lost,
  now,
  opened,
  plan,
  preparedWith,
  reanalyse,
  result,
  running,
  stepEnded,
  stepNeverRan,
} from './support/incident.ts'
import {
  closesFingerprint,
  escalates,
  fix1,
  fix2,
  fixFailed,
  freezes,
  proves,
  recordsFix,
  releases,
  resolves,
  restore1,
  restore2,
  rollbackStarted,
  runs,
  settles,
  stepDone,
  stepFailed,
  stepLost,
  stepSkipped,
  surveys,
  tell,
  timer,
  verification,
  verifies,
  waits,
} from './support/outputs.ts'

const spec = specifyProcess(healing, INCIDENT)
const at = now

const secondStep = [...running, stepEnded(4, EXECUTION, fix1)]
const verifying = [...secondStep, stepEnded(5, EXECUTION, fix2)]
const holds = (turn: number) => result('verify', turn, { kind: 'holds', probes: 5 })
const doesNotHold = (turn: number) => result('verify', turn, { kind: 'does-not-hold', facts: {}, says: 'still full' })
const rollingBack = [...verifying, doesNotHold(6)]
const secondRestore = [...rollingBack, stepEnded(7, EXECUTION, restore1)]
const proving = [...secondRestore, stepEnded(8, EXECUTION, restore2)]
const cause = 'the cure could not be proven: still full'

/** An action that cannot be undone: ending sessions, say. */
const compensable = { ...plan, reversibility: 'compensable' } as const
const runningForGood: readonly HealingInput[] = [
  opened,
  confirmed(),
  drafted(2, { kind: 'policy', rule: 'redis' }, compensable),
  lanesAcquired(EXECUTION),
  preparedWith(3, []),
]

test('steps run one after the other, then the cure is proven', () => {
  spec
    .given(...running)
    .when(stepEnded(4, EXECUTION, fix1))
    .yields(stepDone(EXECUTION, fix1), runs(5, EXECUTION, fix2))
  spec
    .given(...secondStep)
    .when(stepEnded(5, EXECUTION, fix2))
    .yields(stepDone(EXECUTION, fix2), verifies(6))
})

test('a proven cure is taken into the baseline before the incident ends; what else has changed is not', () => {
  spec
    .given(...verifying)
    .when(holds(6))
    .yields(verification(EXECUTION, true, 'The cure held in 5 probes.'), surveys(7))
  const entries = [{ path: '/etc/redis.conf', kind: 'file', mode: '0644', uid: 0, gid: 0 }] as const
  const worked = recordsFix('RecordFixSuccess', EXECUTION)
  const fixed = [releases(EXECUTION), resolves('fixed', 'The cure was proven.'), closesFingerprint()]
  spec
    .given(...verifying, holds(6))
    .when(
      result('survey', 7, {
        kind: 'seen',
        baseline: [...entries, { path: '/srv/secret', kind: 'file', mode: '0666', uid: 0, gid: 0 }],
        limits: { 'redis.maxmemory': 200, 'redis.maxclients': 1 },
      }),
    )
    .yields(
      worked,
      command({
        aggregate: 'target',
        id: 'target',
        command: { type: 'RecordBaseline', data: { entries, limits: { 'redis.maxmemory': 200 }, reason: 'verified-change', at } },
      }),
      ...fixed,
    )
  spec
    .given(...verifying, holds(6))
    .when(result('survey', 7, { kind: 'unseen', reason: 'away' }))
    .yields(worked, ...fixed)
  spec
    .given(...verifying, holds(6))
    .when(failed('survey', 7))
    .yields(worked, ...fixed)
})

test('a step that fails brings the earlier state back', () =>
  spec
    .given(...secondStep)
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
    .yields(stepSkipped(EXECUTION, fix1), releases(EXECUTION), escalates('not-executed', 'Nothing was done: the host is away'))
  spec
    .given(...secondStep)
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
    .yields(stepLost(EXECUTION, fix1), settles(5, EXECUTION, 'fix-1'))
  const settling = [...running, lost(4)]
  spec
    .given(...settling)
    .when(result('settle', 5, { kind: 'void' }))
    .yields(releases(EXECUTION), escalates('not-executed', 'Nothing was done: the host has no mark of it'))
  spec
    .given(...settling)
    .when(result('settle', 5, { kind: 'ended', exitCode: 0 }))
    .yields(runs(6, EXECUTION, fix2))
  spec
    .given(...settling)
    .when(result('settle', 5, { kind: 'ended', exitCode: 7 }))
    .yields(rollbackStarted(EXECUTION, 'step 1 ended with exit code 7'), runs(6, EXECUTION, restore1, 'restore'))
  spec
    .given(...settling)
    .when(result('settle', 5, { kind: 'unknown', rebooted: true }))
    .yields(verifies(6))
})

test('a step that still runs, or a host that is away, is asked again and again, up to an hour; then a person is', () => {
  const history: HealingInput[] = [...running, lost(4)]
  const running5 = result('settle', 5, { kind: 'running' })
  spec
    .given(...history)
    .when(running5)
    .yields(waits('visibility', 2_000), timer(6, 'settle-again', 2_000))
  spec
    .given(...history, running5)
    .when(elapsed(6))
    .yields(settles(7, EXECUTION, 'fix-1'))
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

test('what cannot be undone freezes the target when it fails, and nothing more is done', () => {
  const says = 'the cure could not be proven: still full; this action has no state to go back to'
  spec
    .given(...runningForGood, stepEnded(4, EXECUTION, fix1), stepEnded(5, EXECUTION, fix2))
    .when(doesNotHold(6))
    .yields(
      verification(EXECUTION, false, 'still full'),
      ...fixFailed(EXECUTION),
      freezes(says),
      releases(EXECUTION),
      escalates('fix-failed', says),
    )
  const failedStep = 'step 1 ended with exit code 1; this action has no state to go back to'
  spec
    .given(...runningForGood)
    .when(stepEnded(4, EXECUTION, fix1, 1))
    .yields(
      stepFailed(EXECUTION, fix1, 1),
      ...fixFailed(EXECUTION),
      freezes(failedStep),
      releases(EXECUTION),
      escalates('fix-failed', failedStep),
    )
})

test('a compensable action never goes back, even if somebody prepared it so', () => {
  const prepared = [...runningForGood.slice(0, 4), preparedWith(3)]
  const { outputs } = spec.given(...prepared).when(stepEnded(4, EXECUTION, fix1, 1))
  expect(outputs.filter(({ kind }) => kind === 'effect')).toStrictEqual([])
})

const unseen = (turn: number) => result('verify', turn, { kind: 'unknown', reason: 'no answer' })
const looksInVain = (first: number, history: readonly HealingInput[]): HealingInput[] => {
  const inputs = [...history]
  for (const [attempt, waitMs] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    const turn = first + 2 * attempt
    spec
      .given(...inputs)
      .when(unseen(turn))
      .yields(timer(turn + 1, 'verify-again', waitMs))
    inputs.push(unseen(turn), elapsed(turn + 1))
  }
  return inputs
}

test('a cure that nobody can see is undone', () =>
  spec
    .given(...looksInVain(6, verifying))
    .when(unseen(16))
    .yields(rollbackStarted(EXECUTION, 'verification saw nothing: no answer'), runs(17, EXECUTION, restore1, 'restore')))

test('a cure that nobody can see and nothing can undo freezes the target until a person says what happened', () => {
  const history = [...runningForGood, stepEnded(4, EXECUTION, fix1), stepEnded(5, EXECUTION, fix2)]
  spec
    .given(...looksInVain(6, history))
    .when(failed('verify', 16))
    .yields(
      tell({ type: 'OutcomeUndetermined', data: { incidentId: INCIDENT, executionId: EXECUTION, says: 'no route to host', at } }),
      freezes('no route to host'),
    )
})

test('what a person declares ends it, with the lanes given back', () => {
  const undetermined = [...looksInVain(6, [...runningForGood, stepEnded(4, EXECUTION, fix1), stepEnded(5, EXECUTION, fix2)]), unseen(16)]
  spec
    .given(...undetermined)
    .when(declared('done'))
    .yields(recordsFix('RecordFixSuccess', EXECUTION), releases(EXECUTION), closesFingerprint())
  spec
    .given(...undetermined)
    .when(declared('not-done'))
    .yields(...fixFailed(EXECUTION), releases(EXECUTION), closesFingerprint())
  spec
    .given(...undetermined)
    .when(closed)
    .means('nothing')
  spec
    .given(...running)
    .when(declared('done'))
    .means('nothing')
})

test('a rollback runs its steps in order and proves that the earlier state is back', () => {
  spec
    .given(...verifying)
    .when(doesNotHold(6))
    .yields(verification(EXECUTION, false, 'still full'), rollbackStarted(EXECUTION, cause), runs(7, EXECUTION, restore1, 'restore'))
  spec
    .given(...rollingBack)
    .when(stepEnded(7, EXECUTION, restore1))
    .yields(stepDone(EXECUTION, restore1), runs(8, EXECUTION, restore2, 'restore'))
  spec
    .given(...secondRestore)
    .when(stepEnded(8, EXECUTION, restore2))
    .yields(stepDone(EXECUTION, restore2), proves(9))
  spec
    .given(...proving)
    .when(result('prove', 9, { kind: 'same' }))
    .yields(
      ...fixFailed(EXECUTION),
      tell({ type: 'RollbackProven', data: { incidentId: INCIDENT, executionId: EXECUTION, at } }),
      releases(EXECUTION),
      escalates('fix-failed-rolled-back', `${cause}; the earlier state is back, proven`),
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
  const settling = [...rollingBack, stepNeverRan(7, EXECUTION, restore1), elapsed(8), lost(9)]
  spec
    .given(...settling.slice(0, -1))
    .when(lost(9))
    .yields(stepLost(EXECUTION, again), settles(10, EXECUTION, 'restore-1.2'))
  spec
    .given(...settling)
    .when(result('settle', 10, { kind: 'void' }))
    .yields(timer(11, 'restore-again', 4_000))
  spec
    .given(...settling, result('settle', 10, { kind: 'void' }))
    .when(elapsed(11))
    .yields(runs(12, EXECUTION, { ...restore1, name: 'restore-1.3' }, 'restore'))
  spec
    .given(...settling)
    .when(result('settle', 10, { kind: 'ended', exitCode: 0 }))
    .yields(runs(11, EXECUTION, restore2, 'restore'))
  spec
    .given(...settling)
    .when(result('settle', 10, { kind: 'ended', exitCode: 2 }))
    .yields(...rollbackFailed('restoring ended with exit code 2'))
  spec
    .given(...settling)
    .when(result('settle', 10, { kind: 'unknown', rebooted: false }))
    .yields(proves(11))
  const { outputs } = spec
    .given(...settling, result('settle', 10, { kind: 'unknown', rebooted: false }))
    .when(result('prove', 11, { kind: 'same' }))
  expect(outputs.at(-1)).toStrictEqual(escalates('fix-failed-rolled-back', `${cause}; the earlier state is back, proven`))
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

test('nothing that a person asks for meanwhile stops an execution half-way', () => {
  for (const history of [running, secondStep, verifying, rollingBack, secondRestore, proving, [...running, lost(4)]]) {
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
    .given(...secondStep)
    .when(stepEnded(4, EXECUTION, fix1, 1))
    .means('nothing')
  spec
    .given(...running, lost(4))
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
