import { expect, test } from 'vitest'
import { createCommandHandler } from '../../src/commands/aggregate-commands.ts'
import { CommandRefused } from '../../src/commands/command-refused.ts'
import { createFigures, withFigures } from '../../src/commands/figures.ts'
import { CONFLICT_ATTEMPTS, throughOutages } from '../../src/commands/retry.ts'
import type { AnyCommand } from '../../src/domain/aggregates.ts'
import { instant } from '../../src/domain/instant.ts'
import { ConcurrencyConflict, OutcomeUnknown, StoreUnavailable } from '../../src/domain/ports/event-store.ts'
import { createBench, failBefore, loseAnswer, someone } from './support/bench.ts'

const now = instant('2026-11-21T10:00:00.000Z')
const stream = 'healing-switch-global'
const stop = (by: string): AnyCommand => ({
  aggregate: 'healing-switch',
  id: 'global',
  command: { type: 'StopHealing', data: { by, reason: 'test', now } },
})
const resume: AnyCommand = { aggregate: 'healing-switch', id: 'global', command: { type: 'ResumeHealing', data: { by: 'mira', now } } }
const cause = (commandId: string) => ({ ...someone, commandId })
const stopped = { type: 'HealingStopped', data: { by: 'tom', reason: 'test', at: now } } as const
const resumed = { type: 'HealingResumed', data: { by: 'tom', at: now } } as const
const conflict = new ConcurrencyConflict({ stream, expected: 'no-stream', actual: 0n })

test('a command is decided on its stream and recorded with its id and its cause', async () => {
  const bench = createBench()
  const { position, revision, changed } = await bench.handle(stop('mira'), cause('c1'))
  const [event] = await bench.events(stream)
  expect({ position, revision, changed }).toStrictEqual({ position: event?.position, revision: 0n, changed: true })
  expect(event?.metadata).toMatchObject({ commandId: 'c1', actor: 'tester', correlationId: 'correlation', causationId: 'causation' })
})

test('when somebody else writes first it is decided again, on what he wrote', async () => {
  const bench = createBench()
  bench.interfere(async (append) => {
    await bench.given(stream, stopped)
    return append()
  })
  const handled = await bench.handle(stop('mira'), cause('c1'))
  expect(handled).toMatchObject({ changed: false, revision: 0n })
  expect(await bench.types(stream)).toStrictEqual(['HealingStopped'])
})

test('whoever always comes second hears of it in the end', async () => {
  const bench = createBench()
  bench.interfere(...Array.from({ length: CONFLICT_ATTEMPTS }, () => failBefore(conflict)))
  await expect(bench.handle(stop('mira'), cause('c1'))).rejects.toBe(conflict)
  bench.interfere(...Array.from({ length: CONFLICT_ATTEMPTS - 1 }, () => failBefore(conflict)))
  await expect(bench.handle(stop('mira'), cause('c2'))).resolves.toMatchObject({ changed: true })
})

test('a command that is in the stream already answers with its first result, whatever has happened since', async () => {
  const bench = createBench()
  const first = await bench.handle(stop('mira'), cause('c1'))
  await bench.given(stream, resumed)
  expect(await bench.handle(stop('mira'), cause('c1'))).toStrictEqual(first)
  expect(await bench.types(stream)).toStrictEqual(['HealingStopped', 'HealingResumed'])
})

test('an unknown outcome is asked for with the same ids until it is known', async () => {
  const bench = createBench()
  bench.interfere(loseAnswer(new OutcomeUnknown({ stream })))
  expect(await bench.handle(stop('mira'), cause('c1'))).toMatchObject({ revision: 0n, changed: true })
  expect(await bench.types(stream)).toStrictEqual(['HealingStopped'])
})

test('an outcome that stays unknown is not decided again, and a repeat finds what was stored', async () => {
  const bench = createBench()
  const unknown = new OutcomeUnknown({ stream })
  bench.interfere(loseAnswer(unknown), failBefore(new OutcomeUnknown({ stream })))
  await expect(bench.handle(stop('mira'), cause('c1'))).rejects.toBeInstanceOf(OutcomeUnknown)
  await bench.handle(stop('mira'), cause('c1'))
  expect(await bench.types(stream)).toStrictEqual(['HealingStopped'])
})

test('an outcome that is unknown stays so when the store is away at the repeat: that one was not sent says nothing of the first', async () => {
  const bench = createBench()
  const unknown = new OutcomeUnknown({ stream })
  bench.interfere(loseAnswer(unknown), failBefore(new StoreUnavailable({ doing: 'append' })))
  await expect(bench.handle(stop('mira'), cause('c1'))).rejects.toBe(unknown)
  expect(await bench.types(stream)).toStrictEqual(['HealingStopped'])
})

test('two attempts have different ids, so that no claimant is told that he won with the events of another', async () => {
  const bench = createBench()
  const ids: (string | undefined)[] = []
  bench.interfere(
    async (append, { events }) => {
      ids.push(events[0]?.metadata.eventId)
      await bench.given(stream, stopped, resumed)
      return append()
    },
    (append, { events }) => {
      ids.push(events[0]?.metadata.eventId)
      return append()
    },
  )
  await bench.handle(stop('mira'), cause('c1'))
  expect(new Set(ids).size).toBe(2)
})

test('a caller who saw another revision is refused, and nothing is decided for him', async () => {
  const bench = createBench()
  await bench.given(stream, stopped)
  const refused = await bench.handle(resume, { ...cause('c1'), expectedRevision: 7n }).catch((error: unknown) => error)
  expect(refused).toStrictEqual(new CommandRefused({ rule: 'concurrency-conflict', facts: { expected: '7', actual: '0' } }))
  await expect(bench.handle(resume, { ...cause('c1'), expectedRevision: 0n })).resolves.toMatchObject({ revision: 1n })
})

test('a broken rule is refused by name, and leaves nothing', async () => {
  const bench = createBench()
  const retire: AnyCommand = { aggregate: 'host', id: 'h', command: { type: 'RetireHost', data: { by: 'mira', reason: 'x', now } } }
  await expect(bench.handle(retire, cause('c1'))).rejects.toMatchObject({ rule: 'host-not-registered', facts: { situation: 'absent' } })
  expect(bench.all()).toStrictEqual([])
})

test('an outage is waited for, longer each time, and ends with the signal', async () => {
  const { clock } = createBench()
  const waits: number[] = []
  let left = 8
  const away = new StoreUnavailable({ doing: 'test' })
  const work = throughOutages(
    async () => {
      if (left-- > 0) throw away
      return 'done'
    },
    { clock, signal: new AbortController().signal, onOutage: (_error, waitMs) => waits.push(waitMs) },
  )
  await clock.advance(60_000)
  expect(await work).toBe('done')
  expect(waits).toStrictEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])

  const stop = new AbortController()
  const ended = throughOutages(() => Promise.reject(away), { clock, signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(ended).rejects.toThrow('enough')
  await expect(throughOutages(() => Promise.reject(new TypeError('bug')), { clock, signal: stop.signal })).rejects.toThrow('bug')
})

test('commands are counted by what became of them, and what they decided once', async () => {
  const bench = createBench()
  const { metrics, clock, figures } = bench
  const conflicts: string[] = []
  const observed = createCommandHandler(bench.log, {
    onRecorded: createFigures(bench),
    onConflict: ({ command }) => conflicts.push(command.type),
  })
  const handle = withFigures(observed, { metrics, clock })
  const request = {
    approvalId: 'a',
    incidentId: 'i',
    planHash: 'h',
    requestedBy: 'steward',
    expiresAt: instant('2026-11-21T11:00:00.000Z'),
  }
  const ask: AnyCommand = { aggregate: 'approval', id: 'a', command: { type: 'RequestApproval', data: { ...request, approversNeeded: 1 } } }
  bench.interfere(failBefore(conflict))
  await handle(ask, cause('c1'))
  await clock.advance(60_000)
  const grant: AnyCommand = {
    aggregate: 'approval',
    id: 'a',
    command: { type: 'GrantApproval', data: { planHash: 'h', by: 'key', owner: 'mira', now: clock.now() } },
  }
  await handle(grant, cause('c2'))
  await handle(grant, cause('c2'))
  await handle(ask, cause('c3')).catch(() => undefined)
  expect(conflicts).toStrictEqual(['RequestApproval'])
  const counted = () => figures.filter((figure) => !figure.includes('_command_seconds')).sort()
  await expect
    .poll(counted)
    .toStrictEqual([
      'steward_approval_wait_seconds granted 60',
      'steward_approvals_total granted 1',
      'steward_commands_total GrantApproval accepted 1',
      'steward_commands_total GrantApproval accepted 1',
      'steward_commands_total RequestApproval accepted 1',
      'steward_commands_total RequestApproval refused 1',
    ])
})
