/** From the first look at the host to a remedy: what the probes find, and what the analyst makes of what no rule knows. */
import { expect, test } from 'vitest'
import { healing } from '../../../src/domain/processes/healing/healing.ts'
import type { HealingInput } from '../../../src/domain/processes/healing/state.ts'
import { analysing, spec } from './support/healing-situations.ts'
import { at, confirmed, elapsed, evidence, failed, INCIDENT, opened, reanalyse, remedy, result, unrecognised } from './support/incident.ts'
import {
  analyses,
  closesFingerprint,
  diagnosedByCatalogue,
  drafts,
  escalates,
  investigated,
  investigates,
  resolves,
  tell,
  timer,
  waits,
  waitsAndTriesAgain,
} from './support/outputs.ts'

const unknown = (turn: number) => result('investigate', turn, { kind: 'unknown', reason: 'no answer', evidence })

test('an incident begins with a look at the host', () => spec.given().when(opened).yields(investigates(1)))

test('a confirmed fault leads to a plan', () =>
  spec.given(opened).when(confirmed()).yields(investigated('confirmed'), diagnosedByCatalogue, drafts(2)))

test('a line that no probe confirms ends without any action', () =>
  spec
    .given(opened)
    .when(result('investigate', 1, { kind: 'not-confirmed', evidence }))
    .yields(
      investigated('not-confirmed'),
      resolves('not-confirmed', 'No probe on the host found the fault.'),
      closesFingerprint('not-confirmed'),
    ))

test('a fault without a remedy is told to a person', () =>
  spec
    .given(opened)
    .when(result('investigate', 1, { kind: 'report-only', reason: 'nothing can be done', evidence }))
    .yields(investigated('report-only'), escalates('report-only', 'nothing can be done')))

test('what cannot be seen is looked at again with growing waits, then a person is called', () => {
  const history: HealingInput[] = [opened]
  for (const [attempt, waitMs] of [2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
    const turn = 1 + 2 * attempt
    spec
      .given(...history)
      .when(unknown(turn))
      .yields(investigated('unknown'), ...waitsAndTriesAgain(turn + 1, 'visibility', waitMs))
    history.push(unknown(turn))
    spec
      .given(...history)
      .when(elapsed(turn + 1))
      .yields(investigates(turn + 2))
    history.push(elapsed(turn + 1))
  }
  spec
    .given(...history)
    .when(unknown(11))
    .yields(investigated('unknown'), escalates('cannot-see', 'no answer'))
})

test('a host that cannot be reached is looked at again, like one that gives no answer', () =>
  spec
    .given(opened)
    .when(failed('investigate', 1))
    .yields(...waitsAndTriesAgain(2, 'visibility', 2_000)))

test('what no rule knows goes to the analyst', () =>
  spec.given(opened).when(unrecognised).yields(investigated('unrecognised'), analyses(2)))

const answer = {
  kind: 'answered',
  diagnosis: { text: 'The limit.' },
  why: { text: 'It is reached.' },
  evidenceIds: ['line-1'],
  confidence: 0.8,
  chosen: { actionId: remedy.action.id, confidence: 0.8, diagnosis: 'The limit.' },
  model: 'model',
} as const
const diagnosed = tell({
  type: 'IncidentDiagnosed',
  data: {
    incidentId: INCIDENT,
    by: 'analyst',
    text: { text: 'The limit.' },
    confidence: 0.8,
    actionId: remedy.action.id,
    why: { text: 'It is reached.' },
    evidenceIds: ['line-1'],
    model: 'model',
    at,
  },
})

test('what the analyst chose is looked at on the host like everything else', () =>
  spec
    .given(...analysing)
    .when(result('analyse', 2, answer))
    .yields(diagnosed, investigates(3, answer.chosen)))

test('a choice of the analyst survives a time in which nothing could be seen', () => {
  const chosen = [...analysing, result('analyse', 2, answer), unknown(3)]
  spec
    .given(...chosen)
    .when(elapsed(4))
    .yields(investigates(5, answer.chosen))
})

test('a choice of the analyst that no probe confirms leads to no action, and to a person: what was seen is still unexplained', () =>
  spec
    .given(...analysing, result('analyse', 2, answer))
    .when(result('investigate', 3, { kind: 'not-confirmed', evidence }))
    .yields(
      investigated('not-confirmed'),
      escalates(
        'no-remedy',
        `The analyst proposed ${remedy.action.id}, but no probe on the host finds the fault that it removes. It thought: The limit.`,
      ),
    ))

test('an analyst without a remedy leaves it to a person, with the diagnosis', () =>
  spec
    .given(...analysing)
    .when(result('analyse', 2, { ...answer, chosen: null }))
    .yields(
      tell({
        type: 'IncidentDiagnosed',
        data: {
          incidentId: INCIDENT,
          by: 'analyst',
          text: { text: 'The limit.' },
          confidence: 0.8,
          why: { text: 'It is reached.' },
          evidenceIds: ['line-1'],
          model: 'model',
          at,
        },
      }),
      escalates('no-remedy', 'The limit.'),
    ))

test('without an analyst a person is called, and told so', () =>
  spec
    .given(...analysing)
    .when(result('analyse', 2, { kind: 'no-analyst' }))
    .yields(
      escalates(
        'no-analyst',
        'No rule of the catalogue knows this, and no analyst is configured. With ANTHROPIC_API_KEY set, Claude can be asked: look again then.',
      ),
    ))

test('a busy analyst is asked three times, each time when he says', () => {
  const busy = (turn: number) =>
    result('analyse', turn, { kind: 'failed', rule: 'rate-limited', says: { text: 'busy' }, retryAfterMs: 9_000 })
  spec
    .given(...analysing)
    .when(busy(2))
    .yields(waits('analyst', 9_000), timer(3, 'ask-again', 9_000))
  spec
    .given(...analysing, busy(2))
    .when(elapsed(3))
    .yields(analyses(4))
  spec
    .given(...analysing, busy(2), elapsed(3), busy(4), elapsed(5))
    .when(busy(6))
    .yields(escalates('analyst-failed', 'busy'))
})

test('an analyst that wants more than an hour is not waited for', () => {
  const limited = (retryAfterMs: number) =>
    result('analyse', 2, { kind: 'failed', rule: 'rate-limited', says: { text: 'later' }, retryAfterMs })
  spec
    .given(...analysing)
    .when(limited(3_600_000))
    .yields(waits('analyst', 3_600_000), timer(3, 'ask-again', 3_600_000))
  for (const retryAfterMs of [3_600_001, 1e20]) {
    spec
      .given(...analysing)
      .when(limited(retryAfterMs))
      .yields(escalates('analyst-failed', 'later'))
  }
})

test('an analyst that fails for good is not asked again', () => {
  spec
    .given(...analysing)
    .when(result('analyse', 2, { kind: 'failed', rule: 'refused', says: { text: 'refused: no' }, retryAfterMs: null }))
    .yields(escalates('analyst-failed', 'refused: no'))
  spec
    .given(...analysing)
    .when(failed('analyse', 2))
    .yields(escalates('analyst-failed', 'no route to host'))
})

test('a person may have it looked at again, with all its patience back', () => {
  const patient = [opened, unknown(1), elapsed(2), unknown(3), elapsed(4), unknown(5)]
  spec
    .given(...patient)
    .when(reanalyse)
    .yields(investigates(7))
  spec
    .given(...patient, reanalyse)
    .when(unknown(7))
    .yields(investigated('unknown'), ...waitsAndTriesAgain(8, 'visibility', 2_000))
  spec
    .given(opened, result('investigate', 1, { kind: 'report-only', reason: 'nothing', evidence }))
    .when(reanalyse)
    .yields(investigates(2))
})

test('a result that is not the one waited for means nothing', () => {
  spec.given(opened).when(confirmed(7)).means('nothing')
  spec
    .given(opened)
    .when(result('verify', 1, { kind: 'holds', probes: 5 }))
    .means('nothing')
  spec.given(opened, unknown(1)).when(elapsed(7)).means('nothing')
  spec.given().when(confirmed()).means('nothing')
  spec.given(opened).when(opened).means('nothing')
})

test('an event belongs to the healing of its incident, and an effect to the process that asked', () => {
  expect(healing.correlate(opened)).toBe(INCIDENT)
  expect(healing.correlate(confirmed())).toBe(INCIDENT)
  const foreign = { type: 'TimeoutElapsed', data: { process: 'triage', instance: INCIDENT, timerId: 't', name: 'quiet', at } } as const
  expect(healing.correlate(foreign)).toBeUndefined()
})

test('a managed server that its supervisor is at work on is waited for, however long that takes', () => {
  const { state, outputs } = spec.given(opened).when(result('investigate', 1, { kind: 'held-back', by: 'supervisor', evidence }))
  expect(state).toMatchObject({ phase: 'waiting', until: 'supervisor', next: { kind: 'investigate', chosen: null } })
  expect(outputs.at(-1)).toMatchObject({ kind: 'timeout', name: 'try-again' })
})

test('a fault that the supervisor has mended meanwhile ends as recovered, and nothing was done', () => {
  const { state } = spec.given(opened).when(result('investigate', 1, { kind: 'recovered', evidence }))
  expect(state).toMatchObject({ phase: 'ended', outcome: 'recovered' })
})
