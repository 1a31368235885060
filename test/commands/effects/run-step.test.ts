import { expect, test } from 'vitest'
import { createHalted } from '../../../src/commands/effects/halt.ts'
import { createReach } from '../../../src/commands/effects/reach.ts'
import { createRunStep } from '../../../src/commands/effects/run-step.ts'
import type { Program } from '../../../src/domain/catalogue/program.ts'
import { instant } from '../../../src/domain/instant.ts'
import { MarkTaken, RemoteOutcomeUnknown, RemoteTimeout, ServiceRefused } from '../../../src/domain/ports/remote-host.ts'
import { BehavedHost, hostKey } from '../support/behaved-host.ts'
import { createBench, someone } from '../support/bench.ts'

const run: Program = { kind: 'exec', argv: ['fix'] }
const step = { name: 'fix-1', say: 'fix it', run }
const ran = { executionId: 'x', step: 'fix-1', say: 'fix it' }
const nothing = { files: {}, settings: {} }
const touched = {
  action: { id: 'redis.raise-maxmemory', version: 1, params: {} },
  before: nothing,
  meant: nothing,
  seen: null,
  lateAt: instant('2026-11-21T11:00:00.000Z'),
} as const
const params = { targetId: 't', executionId: 'x', step, timeoutMs: 1_000, privileged: 'fix', touched } as const
const context = {
  effectId: 'e',
  requestedAt: instant('2026-11-21T10:00:00.000Z'),
  signal: new AbortController().signal,
  cause: someone,
}

async function setUp({ stopFile }: { stopFile?: string } = {}) {
  const bench = createBench()
  const at = bench.clock.now()
  await bench.given('host-h', {
    type: 'HostRegistered',
    data: {
      ...{ hostId: 'h', name: 'h', address: '10.0.0.1', port: 22, username: 'steward', privateKey: 'file:key', hostKey, by: 'mira', at },
    },
  })
  await bench.given('target-t', {
    type: 'TargetRegistered',
    data: {
      ...{ targetId: 't', name: 't', hostId: 'h', service: 'redis', logPaths: [], configPaths: [], stateDir: '/s', mode: 'act' },
      ...{ by: 'mira', at },
    },
  })
  const host = new BehavedHost()
  // No file on the host stops healing, unless a test says so.
  host.answer = (program) => ({ kind: 'text', exitCode: program === run ? 0 : 1, stdout: '', stderr: '' })
  const reach = createReach({ log: bench.log, hosts: host.hosts() })
  const halted = createHalted({
    log: bench.log,
    stopFile: { present: async () => (stopFile === undefined ? undefined : { path: stopFile, since: null }) },
  })
  return { bench, host, runStep: createRunStep({ reach, halted, clock: bench.clock, diff: { unified: () => '' } }) }
}

test('a step runs under its mark, and its exit code is its outcome', async () => {
  const { host, runStep } = await setUp()
  expect(await runStep(params, context)).toStrictEqual({ kind: 'ended', exitCode: 0, says: { text: '' }, left: nothing, ran })
  expect([...host.marks]).toStrictEqual(['x/fix-1'])
})

test('a step whose mark is there is never run again, and says that nobody knows', async () => {
  const { host, runStep } = await setUp()
  await runStep(params, context)
  await expect(runStep(params, context)).rejects.toBeInstanceOf(MarkTaken)
  expect(host.asked.filter((program) => program === run)).toHaveLength(1)
})

test('no step begins while healing is stopped, by whatever means; a rollback does', async () => {
  const byFile = await setUp({ stopFile: '/data/healing.stop' })
  expect(await byFile.runStep(params, context)).toMatchObject({
    kind: 'never-ran',
    reason: 'healing is stopped by the file /data/healing.stop',
  })
  const bySwitch = await setUp()
  await bySwitch.bench.given('healing-switch-global', {
    type: 'HealingStopped',
    data: { by: 'mira', reason: 'careful', at: bySwitch.bench.clock.now() },
  })
  expect(await bySwitch.runStep(params, context)).toMatchObject({ kind: 'never-ran', reason: 'healing is stopped by mira: careful' })
  const onHost = await setUp()
  onHost.host.answer = () => ({ kind: 'text', exitCode: 0, stdout: '', stderr: '' })
  expect(await onHost.runStep(params, context)).toMatchObject({
    kind: 'never-ran',
    reason: 'healing is stopped by the file /s/healing.stop on the host',
  })
  for (const { host } of [byFile, bySwitch, onHost]) expect([...host.marks]).toStrictEqual([])
  expect(await bySwitch.runStep({ ...params, privileged: 'restore' }, context)).toMatchObject({ kind: 'ended' })
})

test.each([new RemoteTimeout({ timeoutMs: 1 }), new RemoteOutcomeUnknown({ doing: 'test' })])(
  'when nobody can say whether healing is stopped, the step provably has not run (%s)',
  async (error) => {
    const { host, runStep } = await setUp()
    host.answer = () => {
      throw error
    }
    expect(await runStep(params, context)).toMatchObject({ kind: 'never-ran' })
    expect([...host.marks]).toStrictEqual([])
  },
)

test('a host that was not reached ran nothing', async () => {
  const { host, runStep } = await setUp()
  host.away = 'refused'
  expect(await runStep(params, context)).toStrictEqual({ kind: 'never-ran', reason: 'host host: refused', ran })
})

const failsWith = async (error: Error) => {
  const { host, runStep } = await setUp()
  host.answer = (program) => {
    if (program === run) throw error
    return { kind: 'text', exitCode: 1, stdout: '', stderr: '' }
  }
  return runStep(params, context)
}

test('a step that was ended by its time-out, or refused by the service, has failed', async () => {
  expect(await failsWith(new RemoteTimeout({ timeoutMs: 1_000 }))).toMatchObject({ kind: 'ended', exitCode: 124 })
  expect(await failsWith(new ServiceRefused({ code: '42501', says: 'no' }))).toMatchObject({
    kind: 'ended',
    exitCode: 1,
    says: { text: 'no' },
  })
})

test('a step that was sent and never answered has an unknown outcome', () =>
  expect(failsWith(new RemoteOutcomeUnknown({ doing: 'test' }))).rejects.toBeInstanceOf(RemoteOutcomeUnknown))
