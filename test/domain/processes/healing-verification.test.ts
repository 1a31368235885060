/** After the steps: the cure is proven, or undone, or a person is called. */
import { expect, test } from 'vitest'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import {
  EXECUTION,
  preparingForGood,
  rebaselining,
  running,
  runningForGood,
  spec,
  verifying,
  verifyingForGood,
} from './support/healing-situations.ts'
import {
  at,
  closed,
  declared,
  doesNotHold,
  elapsed,
  failed,
  fix1,
  holds,
  INCIDENT,
  preparedWith,
  restore1,
  result,
  stepEnded,
} from './support/incident.ts'
import {
  closesFingerprint,
  escalates,
  fixFailed,
  freezes,
  recordsFix,
  releases,
  resolves,
  rollbackStarted,
  runs,
  stepFailed,
  surveys,
  tell,
  timer,
  verification,
} from './support/outputs.ts'

test('a proven cure is taken into the baseline before the incident ends; what else has changed is not', () => {
  spec
    .given(...verifying)
    .when(holds(6))
    .yields(verification(EXECUTION, true, 'The cure held in 5 probes.'), surveys(7))
  const entries = [{ path: '/etc/redis.conf', kind: 'file', mode: '0644', uid: 0, gid: 0 }] as const
  const worked = recordsFix('RecordFixSuccess', EXECUTION)
  const fixed = [releases(EXECUTION), resolves('fixed', 'The cure was proven.'), closesFingerprint()]
  spec
    .given(...rebaselining)
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
    .given(...rebaselining)
    .when(result('survey', 7, { kind: 'unseen', reason: 'away' }))
    .yields(worked, ...fixed)
  spec
    .given(...rebaselining)
    .when(failed('survey', 7))
    .yields(worked, ...fixed)
})

test('what cannot be undone freezes the target when it fails, and nothing more is done', () => {
  const says = 'the cure could not be proven: still full; this action has no state to go back to'
  spec
    .given(...verifyingForGood)
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
  const { outputs } = spec.given(...preparingForGood, preparedWith(3)).when(stepEnded(4, EXECUTION, fix1, 1))
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
  spec
    .given(...looksInVain(6, verifyingForGood))
    .when(failed('verify', 16))
    .yields(
      tell({ type: 'OutcomeUndetermined', data: { incidentId: INCIDENT, executionId: EXECUTION, says: 'no route to host', at } }),
      freezes('no route to host'),
    )
})

test('what a person declares ends it, with the lanes given back', () => {
  const undetermined = [...looksInVain(6, verifyingForGood), unseen(16)]
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
