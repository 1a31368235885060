/** Who may let a plan run, as the target, the policy and what happened before say it now. */
import { expect, test } from 'vitest'
import { createDraft } from '../../../src/commands/effects/draft.ts'
import type { AnyCommand } from '../../../src/domain/aggregates.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { denyAll, type Policy } from '../../../src/domain/policy.ts'
import type { ConfirmedRemedy } from '../../../src/domain/processes/effects.ts'
import type { RegisteredTarget } from '../../../src/domain/target/target.ts'
import { localReached } from '../../support/local-reached.ts'
import { createBench, someone } from '../support/bench.ts'

const inventory: TargetInventory = {
  ...{ targetId: 't', name: 'cache', hostId: 'h', service: 'redis', logPaths: [], configPaths: [], stateDir: '/s' },
  connection: { kind: 'redis', at: { socket: '/run/redis.sock' } },
}
const full = ['redis_version:7', 'used_memory:1000', 'maxmemory:1000', 'maxmemory_policy:noeviction', 'errorstat_OOM:count=1'].join('\r\n')
const remedy = (baselineBytes: number): ConfirmedRemedy => ({
  action: { id: 'redis.raise-maxmemory', version: 1, params: { ceilingBytes: 4_000, baselineBytes } },
  ...{ chosenBy: 'catalogue', confidence: 1, diagnosis: 'Redis is full.', title: 'Raise maxmemory' },
})
const allowed: Policy = { ...denyAll, auto: [{ action: '*', target: '*', maxRisk: 'medium' }], approversNeeded: 2, version: 'v1' }

type Case = Readonly<{ target?: Partial<RegisteredTarget>; policy?: Policy; of?: ConfirmedRemedy; before?: readonly AnyCommand[] }>

/** Redis is full, below what was recorded of it: the one plan that a policy may let run alone. */
async function draft({ target = {}, policy = allowed, of = remedy(2_000), before = [] }: Case = {}) {
  const { clock, log, handle, hash } = createBench()
  for (const command of before) await handle(command, { ...someone, commandId: crypto.randomUUID() })
  let asked = 0
  const reached = localReached(
    {
      async run(program) {
        asked += 1
        return program.kind === 'redis' ? { kind: 'value', value: full } : { kind: 'text', exitCode: 0, stdout: '', stderr: '' }
      },
    },
    inventory,
  )
  const drafting = createDraft({
    reach: async () => ({ ...reached, target: { ...reached.target, ...target } }),
    ...{ log, clock, hash, policy, diff: { unified: () => '' } },
  })
  const params = { incidentId: 'i', targetId: 't', fingerprintId: 'f', remedy: of }
  const context = { effectId: 'e', requestedAt: clock.now(), signal: new AbortController().signal, cause: someone }
  return { result: await drafting(params, context), asked: () => asked, now: clock.now() }
}

test('what the policy allows on a target in mode act runs alone; the numbers are those of the policy', async () => {
  expect((await draft()).result).toMatchObject({
    kind: 'drafted',
    authority: { kind: 'policy', rule: 'redis.raise-maxmemory on cache up to medium risk' },
    plan: { risk: 'medium', targetId: 't', resources: ['service:redis'] },
    approversNeeded: 2,
    actionsPerHostPerHour: 6,
  })
})

test('a frozen or paused target is not even looked at', async () => {
  const frozen = await draft({ target: { frozen: { incidentId: 'other', reason: 'nobody knows' } } })
  expect(frozen.result).toEqual({ kind: 'not-permitted', rule: 'target-frozen', says: 'The target is frozen: nobody knows' })
  const paused = await draft({ target: { paused: true } })
  expect(paused.result).toMatchObject({ kind: 'not-permitted', rule: 'target-paused' })
  expect([frozen.asked(), paused.asked()]).toEqual([0, 0])
})

test('an observed target is only told about, and one in mode propose asks', async () => {
  expect((await draft({ target: { mode: 'observe' } })).result).toMatchObject({ authority: { kind: 'observe-only' } })
  expect((await draft({ target: { mode: 'propose' } })).result).toMatchObject({
    authority: { kind: 'person', because: ['the target is in mode propose'] },
  })
})

test('without a rule, and with a high risk, a person is asked and told why', async () => {
  expect((await draft({ policy: { ...denyAll, version: 'v1' } })).result).toMatchObject({
    authority: { kind: 'person', because: ['no rule of the policy allows it'] },
  })
  expect((await draft({ of: remedy(0) })).result).toMatchObject({
    plan: { risk: 'high' },
    authority: { kind: 'person', because: ['the risk is high', 'no rule of the policy allows it'] },
  })
})

test('what goes beyond the baseline is not offered twice in a day', async () => {
  const { now } = await draft()
  const data = { actionId: 'redis.raise-maxmemory', targetId: 't', incidentId: 'earlier', now }
  const used: AnyCommand = { aggregate: 'remedy-guard', id: data.actionId, command: { type: 'RecordRemedyUse', data } }
  expect((await draft({ of: remedy(0), before: [used] })).result).toMatchObject({
    kind: 'not-permitted',
    rule: 'beyond-baseline-once-a-day',
  })
  expect((await draft({ before: [used] })).result).toMatchObject({ kind: 'drafted' })
})

test('an action that failed elsewhere, or twice for the same, is for a person', async () => {
  const { now } = await draft()
  const elsewhere = { actionId: 'redis.raise-maxmemory', hostId: 'another', incidentId: 'earlier', now }
  const failed = (executionId: string): AnyCommand => ({
    aggregate: 'fingerprint',
    id: 'f',
    command: { type: 'RecordFixFailure', data: { fingerprintId: 'f', incidentId: 'earlier', executionId, now } },
  })
  const before: readonly AnyCommand[] = [
    { aggregate: 'remedy-guard', id: 'redis.raise-maxmemory', command: { type: 'RecordRemedyFailure', data: elsewhere } },
    failed('x'),
    failed('y'),
  ]
  expect((await draft({ before })).result).toMatchObject({
    authority: { kind: 'person', because: ['fixes for this failed before', 'the action failed on another host'] },
  })
})
