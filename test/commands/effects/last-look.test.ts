/** Between the plan and the first step the world goes on: what is no longer allowed, or no longer seen, is not done. */
import { expect, test } from 'vitest'
import { createDraft } from '../../../src/commands/effects/draft.ts'
import { createPrepare } from '../../../src/commands/effects/prepare.ts'
import { createReach } from '../../../src/commands/effects/reach.ts'
import { createRunStep } from '../../../src/commands/effects/run-step.ts'
import type { AnyCommand } from '../../../src/domain/aggregates.ts'
import type { Program } from '../../../src/domain/catalogue/program.ts'
import { instant } from '../../../src/domain/instant.ts'
import { denyAll, type Policy } from '../../../src/domain/policy.ts'
import type { ConfirmedRemedy, EffectParams } from '../../../src/domain/processes/effects.ts'
import { BehavedHost, hostKey } from '../support/behaved-host.ts'
import { createBench } from '../support/bench.ts'

const full = [
  'redis_version:7.0.15',
  'used_memory:67108864',
  'maxmemory:67108864',
  'maxmemory_policy:noeviction',
  'total_system_memory:8589934592',
  'errorstat_OOM:count=3',
].join('\r\n')

/** Redis is full, below its recorded limit: the one plan that a policy may let run alone. */
const remedy: ConfirmedRemedy = {
  action: { id: 'redis.raise-maxmemory', version: 1, params: { ceilingBytes: 268_435_456, baselineBytes: 134_217_728 } },
  chosenBy: 'catalogue',
  confidence: 1,
  diagnosis: 'Redis is full.',
  title: 'Raise maxmemory',
}
const policy: Policy = { ...denyAll, auto: [{ action: '*', target: '*', maxRisk: 'medium' }], version: 'v1' }

async function planned(change: Partial<ConfirmedRemedy['action']> = {}) {
  const { clock, log, handle, hash } = createBench()
  const host = new BehavedHost()
  host.answer = (program: Program) => {
    if (program.kind === 'redis') return { kind: 'value', value: program.command[0] === 'INFO' ? full : ['maxmemory', '67108864'] }
    // The file that stops healing is not there.
    return program.kind === 'exec' && program.argv[0] === 'test' ? { kind: 'text', exitCode: 1, stdout: '', stderr: '' } : undefined
  }
  const tell = (command: AnyCommand) =>
    handle(command, { actor: 'test', correlationId: 'test', causationId: 'test', commandId: crypto.randomUUID() })
  const at = clock.now()
  const by = { by: 'test', at }
  const address = { address: '127.0.0.1', port: 22, username: 'root', privateKey: 'file:key', hostKey } as const
  await tell({ aggregate: 'host', id: 'h', command: { type: 'RegisterHost', data: { hostId: 'h', name: 'h', ...address, ...by } } })
  const service = { service: 'redis', connection: { kind: 'redis', at: { socket: '/run/redis.sock' } } } as const
  const target = { targetId: 't', name: 't', hostId: 'h', logPaths: [], configPaths: [], stateDir: '/var/lib/steward', ...service }
  await tell({ aggregate: 'target', id: 't', command: { type: 'RegisterTarget', data: { ...target, mode: 'act', ...by } } })

  const reach = createReach({ log, hosts: host.hosts() })
  const tools = { reach, log, clock, hash, policy, diff: { unified: () => '' } }
  const halted = async () => undefined
  const context = {
    effectId: 'e',
    requestedAt: at,
    signal: new AbortController().signal,
    cause: { actor: 'a', correlationId: 'c', causationId: 'c' },
  }
  const chosen = { ...remedy, action: { ...remedy.action, ...change } }
  const drafted = await createDraft(tools)({ incidentId: 'i', targetId: 't', fingerprintId: 'f', remedy: chosen }, context)
  if (drafted.kind !== 'drafted') throw new Error(drafted.kind)
  const { plan, authority } = drafted
  const params: EffectParams['prepare'] = {
    incidentId: 'i',
    targetId: 't',
    fingerprintId: 'f',
    executionId: 'x',
    remedy: chosen,
    plan,
    authority,
  }
  const prepare = (changes: Partial<typeof params> = {}) => createPrepare({ ...tools, halted })({ ...params, ...changes }, context)
  const runStep = createRunStep({ reach, halted, clock, diff: { unified: () => '' } })
  return { clock, host, tell, at, authority, prepare, runStep, context }
}

const nothing = { files: {}, settings: {} }
const touched = { action: remedy.action, before: nothing, meant: nothing, seen: null, lateAt: instant('2026-11-21T11:00:00.000Z') }

const byPerson = { kind: 'person', because: ['the target is in mode propose'] } as const

test('a plan that nothing has changed since is prepared (control)', async () => {
  const { authority, prepare } = await planned()
  expect(authority).toMatchObject({ kind: 'policy' })
  expect(await prepare()).toMatchObject({ kind: 'prepared' })
})

test('a target that was paused after the approval is left alone', async () => {
  const { prepare, tell, at } = await planned()
  await tell({ aggregate: 'target', id: 't', command: { type: 'PauseTarget', data: { by: 'ada', reason: 'maintenance', now: at } } })
  expect(await prepare({ authority: byPerson })).toMatchObject({ kind: 'refused', rule: 'target-paused' })
})

test('a target that is only observed since then is left alone, whoever had agreed', async () => {
  const { prepare, tell, at } = await planned()
  await tell({ aggregate: 'target', id: 't', command: { type: 'ChangeTargetMode', data: { mode: 'observe', by: 'ada', now: at } } })
  expect(await prepare({ authority: byPerson })).toMatchObject({ kind: 'refused', rule: 'observe-mode' })
})

test('what a rule had allowed goes to a person when the rule does not reach it any more', async () => {
  const { prepare, tell, at } = await planned()
  await tell({ aggregate: 'target', id: 't', command: { type: 'ChangeTargetMode', data: { mode: 'propose', by: 'ada', now: at } } })
  expect(await prepare()).toEqual({ kind: 'drifted', changed: ['the target is in mode propose'] })
  expect(await prepare({ authority: byPerson })).toMatchObject({ kind: 'prepared' })
})

test('an action that failed on another host since then asks a person', async () => {
  const { prepare, tell, at } = await planned()
  const data = { actionId: remedy.action.id, hostId: 'elsewhere', incidentId: 'other', now: at }
  await tell({ aggregate: 'remedy-guard', id: remedy.action.id, command: { type: 'RecordRemedyFailure', data } })
  expect(await prepare()).toEqual({ kind: 'drifted', changed: ['the action failed on another host'] })
})

test('two plans beyond the baseline, approved one after the other, raise a limit once in 24 h', async () => {
  const { prepare, tell, at } = await planned({ params: { ceilingBytes: 268_435_456, baselineBytes: 67_108_864 } })
  const data = { actionId: remedy.action.id, targetId: 't', incidentId: 'other', now: at }
  await tell({ aggregate: 'remedy-guard', id: remedy.action.id, command: { type: 'RecordRemedyUse', data } })
  expect(await prepare({ authority: byPerson })).toMatchObject({ kind: 'refused', rule: 'beyond-baseline-once-a-day' })
})

test('a first step that Steward comes to long after the last look is not run; a later one is', async () => {
  const { clock, host, runStep, context } = await planned()
  const run = { kind: 'redis', command: ['CONFIG', 'SET', 'maxmemory', '1'] } as const
  const asked = (name: string) =>
    ({ targetId: 't', executionId: 'x', step: { name, say: name, run }, timeoutMs: 1_000, privileged: 'fix', touched }) as const
  await clock.advance(121_000)
  expect(await runStep(asked('fix-1'), context)).toMatchObject({ kind: 'never-ran', reason: 'the last look at the host is 121 s old' })
  expect(host.marks).toEqual(new Set())
  expect(await runStep(asked('fix-2'), context)).toMatchObject({ kind: 'ended', exitCode: 0 })
})
