/**
 * Histories that nobody wrote: any order of anything that the process may hear, the awaited and the stale, once or twice. Whatever comes, it never
 * throws, takes no input twice, and is never left waiting for nothing.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EffectKind } from '../../../src/domain/processes/effects.ts'
import { healing } from '../../../src/domain/processes/healing/healing.ts'
import type { Healing, HealingInput } from '../../../src/domain/processes/healing/state.ts'
import type { Output } from '../../../src/domain/processes/process-manager.ts'
import { NOW, readableId } from '../../support/specify-process.ts'
import {
  byPerson,
  byPolicy,
  closed,
  compensable,
  declared,
  drafted,
  elapsed,
  evidence,
  expired,
  failed,
  fix1,
  granted,
  INCIDENT,
  lanesAcquired,
  lanesOffered,
  lanesQueued,
  lost,
  opened,
  preparedWith,
  reanalyse,
  refusedCommand,
  rejected,
  remedy,
  result,
  revoked,
  used,
} from './support/incident.ts'

const ran = { executionId: 'x', step: fix1.name, say: fix1.say }
const says = { text: 'no' }
const chosen = { actionId: remedy.action.id, confidence: 0.5, diagnosis: 'x' }
const answered = { kind: 'answered', diagnosis: says, why: says, evidenceIds: ['line-1'], confidence: 1, model: 'm' } as const

/** Every result of every effect, for whichever turn. */
const resultsOf: readonly ((turn: number) => HealingInput)[] = [
  (turn) => result('investigate', turn, { kind: 'confirmed', remedy, evidence }),
  (turn) => result('investigate', turn, { kind: 'not-confirmed', evidence }),
  (turn) => result('investigate', turn, { kind: 'unknown', reason: 'x', evidence }),
  (turn) => result('investigate', turn, { kind: 'report-only', reason: 'x', evidence }),
  (turn) => result('investigate', turn, { kind: 'unrecognised', evidence }),
  (turn) => result('analyse', turn, { ...answered, chosen }),
  (turn) => result('analyse', turn, { ...answered, chosen: null }),
  (turn) => result('analyse', turn, { kind: 'no-analyst' }),
  (turn) => result('analyse', turn, { kind: 'failed', rule: 'busy', says, retryAfterMs: 1_000 }),
  (turn) => drafted(turn, byPolicy),
  (turn) => drafted(turn, byPerson),
  (turn) => drafted(turn, byPolicy, compensable),
  (turn) => drafted(turn, { kind: 'observe-only' }),
  (turn) => result('draft', turn, { kind: 'not-confirmed', evidence }),
  (turn) => result('draft', turn, { kind: 'not-permitted', rule: 'x', says: 'x' }),
  (turn) => result('draft', turn, { kind: 'unknown', reason: 'x' }),
  (turn) => preparedWith(turn),
  (turn) => preparedWith(turn, []),
  (turn) => result('prepare', turn, { kind: 'drifted', changed: ['x'] }),
  (turn) => result('prepare', turn, { kind: 'halted', by: 'x' }),
  (turn) => result('prepare', turn, { kind: 'unknown', reason: 'x' }),
  (turn) => result('prepare', turn, { kind: 'not-confirmed', evidence }),
  (turn) => result('prepare', turn, { kind: 'refused', rule: 'x', says: 'x' }),
  ...[0, 1].map((exitCode) => (turn: number) => result('run-step', turn, { kind: 'ended', exitCode, says, left: null, ran })),
  (turn) => result('run-step', turn, { kind: 'never-ran', reason: 'x', ran }),
  (turn) => result('run-step', turn, { kind: 'changed-by-others', changes: [{ what: 'file /a', before: 'x', left: 'x', now: 'x' }], ran }),
  (turn) => result('settle', turn, { kind: 'void', ran }),
  (turn) => result('settle', turn, { kind: 'running', ran }),
  (turn) => result('settle', turn, { kind: 'ended', exitCode: 0, ran }),
  (turn) => result('settle', turn, { kind: 'unknown', rebooted: false, ran }),
  (turn) => result('verify', turn, { kind: 'holds', probes: 5 }),
  (turn) => result('verify', turn, { kind: 'does-not-hold', facts: {}, says: 'x' }),
  (turn) => result('verify', turn, { kind: 'unknown', reason: 'x' }),
  (turn) => result('prove', turn, { kind: 'same' }),
  (turn) => result('prove', turn, { kind: 'different', differences: ['x'] }),
  (turn) => result('prove', turn, { kind: 'unknown', reason: 'x' }),
  (turn) => result('survey', turn, { kind: 'seen', baseline: [], limits: {} }),
  (turn) => result('survey', turn, { kind: 'unseen', reason: 'x' }),
]

const kindOf = (input: HealingInput): EffectKind | undefined => (input.type === 'EffectSucceeded' ? input.data.kind : undefined)

/** The effect that a state waits for, by what it asked. */
const kindAwaited: Partial<Record<Healing['phase'], EffectKind>> = {
  investigating: 'investigate',
  analysing: 'analyse',
  drafting: 'draft',
  preparing: 'prepare',
  running: 'run-step',
  'rolling-back': 'run-step',
  settling: 'settle',
  verifying: 'verify',
  rebaselining: 'survey',
  proving: 'prove',
}

/** What may well come next in a state; `pick` chooses among it. */
function plausible(state: Healing, pick: number): HealingInput {
  const choose = (inputs: readonly HealingInput[]): HealingInput => inputs[pick % inputs.length] ?? closed
  if (state.phase === 'absent') return opened
  const { turn } = state
  const awaited = kindAwaited[state.phase]
  if (awaited !== undefined) {
    const all = resultsOf.map((make) => make(turn)).filter((input) => kindOf(input) === awaited)
    return choose([...all, ...all, failed(awaited, turn), ...(awaited === 'run-step' ? [lost(turn)] : [])])
  }
  if ('timerId' in state && state.phase !== 'asking') return elapsed(turn)
  switch (state.phase) {
    case 'asking':
      return choose([
        granted(state.approvalId),
        granted(state.approvalId),
        elapsed(turn),
        expired(state.approvalId),
        rejected(state.approvalId),
      ])
    case 'queueing':
    case 'queued': {
      const { executionId } = state
      return choose([lanesAcquired(executionId), lanesAcquired(executionId), lanesQueued(executionId), lanesOffered(executionId)])
    }
    case 'redeeming':
      return choose([
        used(state.approvalId, state.executionId),
        used(state.approvalId, state.executionId),
        refusedCommand('UseApproval', 'x'),
      ])
    case 'undetermined':
      return choose([declared('done'), declared('not-done')])
    case 'escalated':
      return choose([reanalyse, reanalyse, closed])
    default:
      return closed
  }
}

const anything = fc.tuple(fc.nat(20), fc.nat(200)).map(([turn, pick]): HealingInput => {
  const others: readonly HealingInput[] = [
    opened,
    closed,
    reanalyse,
    declared('done'),
    elapsed(turn),
    lost(turn),
    failed('verify', turn),
    granted(`approval HASH ${turn}`),
    rejected(`approval HASH ${turn}`),
    revoked(`approval HASH ${turn}`),
    expired(`approval HASH ${turn}`),
    used(`approval HASH ${turn}`, `execution HASH ${turn}`),
    lanesAcquired(`execution HASH ${turn}`),
    lanesQueued(`execution HASH ${turn}`),
    lanesOffered(`execution HASH ${turn}`),
    refusedCommand('AcquireLanes', 'host-budget-exhausted'),
    refusedCommand('UseApproval', 'approval-not-granted'),
    refusedCommand('ReportIncident', 'incident-ended'),
  ]
  const all = [...resultsOf.map((make) => make(turn)), ...others]
  return all[pick % all.length] ?? opened
})

/** Mostly what the state waits for, now and then anything at all. */
const move = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('plausible' as const), pick: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('any' as const), input: anything }) },
)
/** What keeps happening: a host that stays away needs more patience than chance has. */
const persistent = fc
  .array(fc.record({ pick: fc.nat(1_000), times: fc.integer({ min: 1, max: 14 }) }), { maxLength: 6 })
  .map((runs) => runs.flatMap(({ pick, times }) => Array.from({ length: times }, (): Move => ({ kind: 'plausible', pick }))))
const moves = fc.oneof(fc.array(move, { maxLength: 60, size: 'max' }), persistent)
type Move = { kind: 'plausible'; pick: number } | { kind: 'any'; input: HealingInput }

type Taken = Readonly<{ input: HealingInput; state: Healing; outputs: readonly Output[] }>

const react = (state: Healing, input: HealingInput) => healing.react(state, input, { instance: INCIDENT, now: NOW, derivedId: readableId })

function play(all: readonly Move[]): readonly Taken[] {
  let state = healing.initialState
  return all.flatMap((each): Taken[] => {
    const input = each.kind === 'any' ? each.input : plausible(state, each.pick)
    const next = healing.evolve(state, input, readableId)
    if (next === state) return []
    state = next
    return [{ input, state, outputs: react(next, input) }]
  })
}

const ended = ({ phase }: Healing) => phase === 'ended' || phase === 'escalated' || phase === 'undetermined'

/** Whoever closes or re-opens an incident means it each time; everything else is said once. */
const repeatable: readonly HealingInput['type'][] = ['ReanalysisRequested', 'CommandRefused']

test('an input that was taken means nothing when it comes again', () =>
  fc.assert(
    fc.property(moves, (all) => {
      for (const { input, state } of play(all)) {
        if (!repeatable.includes(input.type)) expect(healing.evolve(state, input, readableId)).toBe(state)
      }
    }),
  ))

test('every state that is not an end has asked for the one thing that it waits for', () =>
  fc.assert(
    fc.property(moves, (all) => {
      const asked = new Set<string>()
      const commands: string[] = []
      for (const { state, outputs } of play(all)) {
        for (const output of outputs) {
          if (output.kind === 'effect') asked.add(output.effectId)
          if (output.kind === 'timeout') asked.add(output.timerId)
          if (output.kind === 'command') commands.push(output.command.command.type)
        }
        if ('effectId' in state) expect(asked).toContain(state.effectId)
        if ('timerId' in state) expect(asked).toContain(state.timerId)
        if (state.phase === 'queueing') expect(commands.at(-1)).toBe('AcquireLanes')
        if (state.phase === 'redeeming') expect(commands.at(-1)).toBe('UseApproval')
      }
    }),
  ))

test('no id is given twice', () =>
  fc.assert(
    fc.property(moves, (all) => {
      const ids = play(all).flatMap(({ outputs }) =>
        outputs.flatMap((output) => (output.kind === 'effect' ? [output.effectId] : output.kind === 'timeout' ? [output.timerId] : [])),
      )
      expect(new Set(ids).size).toBe(ids.length)
    }),
  ))

test('no mark on a host is asked for twice', () =>
  fc.assert(
    fc.property(moves, (all) => {
      const marks = play(all).flatMap(({ outputs }) =>
        outputs.flatMap((output) =>
          output.kind === 'effect' && output.request.kind === 'run-step'
            ? [`${output.request.params.executionId}/${output.request.params.step.name}`]
            : [],
        ),
      )
      expect(new Set(marks).size).toBe(marks.length)
    }),
  ))

test('nothing runs that was not let run: every execution had its lanes, and its approval or its policy', () =>
  fc.assert(
    fc.property(moves, (all) => {
      const held = new Set<string>()
      const redeemed = new Set<string>()
      for (const { input, state, outputs } of play(all)) {
        if (input.type === 'LanesAcquired') held.add(input.data.executionId)
        if (input.type === 'ApprovalUsed') redeemed.add(input.data.executionId)
        for (const output of outputs) {
          if (output.kind !== 'effect' || output.request.kind !== 'run-step' || !('authority' in state)) continue
          const { executionId } = output.request.params
          expect(held).toContain(executionId)
          expect(state.authority.kind === 'policy' || redeemed.has(executionId)).toBe(true)
        }
      }
    }),
  ))

test('what an incident holds is given back when automation ends', () =>
  fc.assert(
    fc.property(moves, (all) => {
      const lanes = new Set<string>()
      const approvals = new Set<string>()
      for (const { input, state, outputs } of play(all)) {
        if (input.type === 'LanesOffered') lanes.delete(input.data.executionId)
        if (input.type === 'ApprovalUsed') approvals.delete(input.data.approvalId)
        if (input.type === 'ApprovalRejected' || input.type === 'ApprovalRevoked' || input.type === 'ApprovalExpired')
          approvals.delete(input.data.approvalId)
        // It could not be used: somebody else has closed it.
        if (input.type === 'CommandRefused' && input.data.command === 'UseApproval') approvals.clear()
        for (const output of outputs) {
          if (output.kind !== 'command') continue
          const { id, command } = output.command
          if (command.type === 'AcquireLanes') lanes.add(command.data.executionId)
          if (command.type === 'ReleaseLanes') lanes.delete(command.data.executionId)
          if (command.type === 'RequestApproval') approvals.add(id)
          if (command.type === 'RevokeApproval') approvals.delete(id)
        }
        if (state.phase === 'ended' || state.phase === 'escalated') {
          expect([...lanes]).toStrictEqual([])
          expect([...approvals]).toStrictEqual([])
        }
      }
    }),
  ))

test('whatever has happened, an incident comes to rest', () =>
  fc.assert(
    fc.property(moves, fc.infiniteStream(fc.nat(1_000)), (all, picks) => {
      let state = play(all).at(-1)?.state ?? healing.initialState
      let left = 2_000
      for (const pick of picks) {
        if (ended(state) || left-- === 0) break
        state = healing.evolve(state, plausible(state, pick), readableId)
      }
      expect(ended(state)).toBe(true)
    }),
  ))

test('the histories reach every phase: a control of the properties above', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(moves, (all) => {
      for (const { state } of play(all)) reached.add(state.phase)
    }),
    { numRuns: 4_000, seed: 3 },
  )
  const hard = ['undetermined', 'proving-later', 'rolling-back-later', 'still-running', 'analyst-busy', 'waiting', 'queued', 'redeeming']
  expect(hard.filter((phase) => !reached.has(phase))).toStrictEqual([])
})
