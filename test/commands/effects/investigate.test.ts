/** Whether the fault is there is for the host to say: a line, a hint and an analyst's choice only tell where to look. */
import { expect, test } from 'vitest'
import { createInvestigate } from '../../../src/commands/effects/investigate.ts'
import type { Fault } from '../../../src/domain/catalogue/fault.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import { instant } from '../../../src/domain/instant.ts'
import { denyAll } from '../../../src/domain/policy.ts'
import { HostUnreachable, RemoteTimeout, ServiceRefused } from '../../../src/domain/ports/remote-host.ts'
import type { ChosenRemedy } from '../../../src/domain/processes/effects.ts'
import { localReached } from '../../support/local-reached.ts'
import { someone } from '../support/bench.ts'

const inventory: TargetInventory = {
  ...{ targetId: 't', name: 't', hostId: 'h', service: 'redis', logPaths: [], configPaths: [], stateDir: '/s' },
  connection: { kind: 'redis', at: { socket: '/run/redis.sock' } },
}
const info = (memory: Readonly<{ used: number; refusals: number }>): Output => ({
  kind: 'value',
  value: [
    'redis_version:7.0.15',
    `used_memory:${memory.used}`,
    'maxmemory:1000',
    'maxmemory_policy:noeviction',
    'total_system_memory:100000',
    `errorstat_OOM:count=${memory.refusals}`,
  ].join('\r\n'),
})
const full = info({ used: 1_000, refusals: 3 })
const well = info({ used: 10, refusals: 0 })

const fault = (remedies: Fault['remedies'], more: Partial<Fault> = {}): Fault => ({
  ...{ id: 'redis.memory-full', title: 'full', service: 'redis', severity: 'critical', cooldownMs: 1_000, detect: [], runbook: '' },
  diagnosis: 'Redis is full.',
  remedies,
  ...more,
})
const raise = { action: 'redis.raise-maxmemory', params: { ceilingBytes: 5_000 } }

/** As a fault file writes it. */
const reference = (path: string): string => `$\{${path}}`

type Case = Readonly<{
  faults?: readonly Fault[]
  faultId?: string | null
  chosen?: ChosenRemedy
  hints?: Readonly<Record<string, string>>
  answer?: (program: Program) => Output
  on?: TargetInventory
}>

async function investigate({
  faults = [fault([raise])],
  faultId = 'redis.memory-full',
  chosen,
  hints = {},
  answer = () => full,
  on = inventory,
}: Case) {
  const asked: Program[] = []
  const reached = localReached(
    {
      async run(program) {
        asked.push(program)
        return answer(program)
      },
    },
    on,
  )
  const handler = createInvestigate({
    reach: async () => reached,
    faults: new Map(faults.map((each) => [each.id, each])),
    policy: { ...denyAll, version: 'v1' },
  })
  const params = { incidentId: 'i', targetId: 't', faultId, hints, chosen: chosen ?? null }
  const context = { effectId: 'e', requestedAt: instant('2026-11-21T10:00:00.000Z'), signal: new AbortController().signal, cause: someone }
  return { result: await handler(params, context), asked }
}

test('a precondition that holds on the host confirms the fault, with what was seen', async () => {
  const { result } = await investigate({})
  expect(result).toMatchObject({
    kind: 'confirmed',
    remedy: {
      action: { id: 'redis.raise-maxmemory', version: 1, params: { ceilingBytes: 5_000 } },
      ...{ chosenBy: 'catalogue', confidence: 1, diagnosis: 'Redis is full.' },
    },
    evidence: [
      { evidenceId: 'e1', probe: 'health', verdict: 'does-not-hold', facts: { level: 'degraded' } },
      { evidenceId: 'e2', probe: 'redis.raise-maxmemory', verdict: 'holds', facts: { refusals: 3 } },
    ],
  })
})

test('a line without the fault ends not confirmed, and only probes were asked', async () => {
  const { result, asked } = await investigate({ answer: () => well })
  expect(result).toMatchObject({ kind: 'not-confirmed', evidence: [{ probe: 'health' }, { verdict: 'does-not-hold' }] })
  expect(asked).toEqual(asked.map(() => ({ kind: 'redis', command: ['INFO', 'all'] })))
})

test('of several remedies the first whose fault is there is taken', async () => {
  const none = { action: 'redis.raise-maxmemory', params: { ceilingBytes: 1_000 } }
  const { result } = await investigate({ faults: [fault([none, raise])] })
  expect(result).toMatchObject({ kind: 'confirmed', remedy: { action: { params: { ceilingBytes: 5_000 } } }, evidence: { length: 3 } })
})

test('a probe that proves nothing leaves it unknown, with the reason', async () => {
  const refused = await investigate({
    answer() {
      throw new ServiceRefused({ code: 'ECONNREFUSED', says: 'nobody listens there' })
    },
  })
  expect(refused.result).toMatchObject({
    kind: 'unknown',
    reason: 'redis.raise-maxmemory: nobody listens there',
    evidence: [{ verdict: 'does-not-hold', facts: { level: 'down' } }, { verdict: 'unknown' }],
  })
  const late = await investigate({
    answer() {
      throw new RemoteTimeout({ timeoutMs: 1 })
    },
  })
  expect(late.result).toMatchObject({ kind: 'unknown', evidence: [{ verdict: 'unknown' }, { verdict: 'unknown' }] })
})

test('a host that is not reached fails the look as a whole', () =>
  expect(
    investigate({
      answer() {
        throw new HostUnreachable({ hostId: 'h', rule: 'timeout' })
      },
    }),
  ).rejects.toBeInstanceOf(HostUnreachable))

test('a fault without a remedy is reported only; one that nobody knows is not recognised', async () => {
  expect((await investigate({ faults: [fault([], { reportOnly: 'by hand' })] })).result).toMatchObject({
    kind: 'report-only',
    reason: 'by hand',
  })
  expect((await investigate({ faults: [fault([])] })).result).toMatchObject({ kind: 'report-only', reason: 'Redis is full.' })
  expect((await investigate({ faultId: null })).result).toMatchObject({ kind: 'unrecognised', evidence: { length: 1 } })
  expect((await investigate({ faultId: 'redis.of-an-older-version' })).result).toMatchObject({ kind: 'unrecognised' })
})

test('what the inventory does not say is not made up: the remedy is left out, and named', async () => {
  const incomplete = { action: 'redis.raise-maxmemory', params: { ceilingBytes: reference('policy.ceilings[redis.maxmemory]') } }
  expect((await investigate({ faults: [fault([incomplete])] })).result).toMatchObject({
    kind: 'report-only',
    reason: expect.stringContaining('nothing is recorded for ceilingBytes'),
  })
  expect((await investigate({ faults: [fault([incomplete, raise])] })).result).toMatchObject({ kind: 'confirmed' })
})

test('a hint that points at nothing that was recorded disproves the line', async () => {
  const hinted = { action: 'redis.restore-directory-mode', params: { directory: reference('baseline.at(hint.directory)') } }
  const { result, asked } = await investigate({ faults: [fault([hinted])], hints: { directory: '/etc' }, answer: () => well })
  expect(result).toMatchObject({ kind: 'not-confirmed', evidence: [{}, { verdict: 'does-not-hold', facts: {} }] })
  expect(asked).toHaveLength(1)
})

test('parameters that the action refuses are no action, whoever wrote them', async () => {
  const wrong = { action: 'redis.raise-maxmemory', params: { ceilingBytes: 'all of it' } }
  expect((await investigate({ faults: [fault([wrong])] })).result).toMatchObject({
    kind: 'not-confirmed',
    evidence: [{}, { says: { text: expect.stringContaining('redis.raise-maxmemory: ceilingBytes') } }],
  })
})

const byAnalyst: ChosenRemedy = { actionId: 'redis.raise-maxmemory', confidence: 0.9, diagnosis: 'I think it is full.' }

test('what an analyst chose is filled as the catalogue says, and proven like everything else', async () => {
  expect((await investigate({ faultId: null, chosen: byAnalyst })).result).toMatchObject({
    kind: 'confirmed',
    remedy: { action: { params: { ceilingBytes: 5_000 } }, chosenBy: 'analyst', confidence: 0.9, diagnosis: 'I think it is full.' },
  })
  expect((await investigate({ faultId: null, chosen: byAnalyst, answer: () => well })).result).toMatchObject({ kind: 'not-confirmed' })
})

test('an analyst cannot choose what is in no fault of this service', async () => {
  for (const actionId of ['redis.flush-everything', 'nginx.restart-backend']) {
    const { result, asked } = await investigate({ faultId: null, chosen: { ...byAnalyst, actionId } })
    expect(result).toMatchObject({ kind: 'report-only', reason: `no fault of the catalogue says how to fill ${actionId}` })
    expect(asked).toHaveLength(1)
  }
})
