/**
 * What keeps healing harmless, on real hosts: modes, approvals that bind to one plan, the three ways to stop it, resources that nobody shares, and
 * the breaker. The fault is a broken nginx configuration unless another one is needed; the harness looks at bytes and at marks on the host.
 */
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type Incident, ok, outcome, refusal } from './support/api.ts'
import { expectFixed, expectRolledBack } from './support/expectations.ts'
import {
  exhaustDescriptors,
  holdAt,
  refuseConfig,
  spoilConfig,
  type WatchedNginx,
  type WatchOptions,
  watchNginx,
  wrappedNginx,
} from './support/nginx-target.ts'
import { marksOf, stateOf } from './support/witness.ts'
import { openWorld, type World } from './support/world.ts'

let world: World
beforeAll(async () => {
  const auto = 'auto: [{ action: nginx.restore-config, target: "*", maxRisk: medium }]'
  world = await openWorld({ policy: ['window: 1s', 'actionsPerHostPerHour: 1000', auto, ''].join('\n') })
})
afterAll(() => world[Symbol.asyncDispose]())

const wrapped = { connection: (nginx: Parameters<typeof wrappedNginx>[0]) => ({ binary: wrappedNginx(nginx) }) }

/** A target whose configuration is broken, and the incident of it. */
async function broken(name: string, options: WatchOptions = {}): Promise<WatchedNginx & { id: string }> {
  const both = await watchNginx(world, name, options)
  spoilConfig(both.nginx)
  both.nginx.reload()
  const { id } = await world.opened(both.target.id, 'nginx.broken-configuration')
  return { ...both, id }
}

/** Changed long ago, so that the policy may let it run alone. */
function settled({ configPath }: WatchedNginx['nginx']): void {
  const tenMinutesAgo = Date.now() / 1_000 - 600
  utimesSync(configPath, tenMinutesAgo, tenMinutesAgo)
}

describe('modes', () => {
  test('observe: the incident tells what would be done, and nothing is done', async () => {
    const { nginx, target, id } = await broken('observed', { mode: 'observe' })
    const bad = stateOf(nginx.configPath)
    const told = await world.reaches(id, 'escalated', 'awaiting-approval', 'resolved')
    expect(told.escalation?.reason).toBe('observe-mode')
    expect(told).toMatchObject({ finding: 'confirmed', approvalId: null })
    expect(stateOf(nginx.configPath)).toEqual(bad)
    expect(marksOf(target.stateDir)).toEqual([])

    await ok(world.admin.put(`/api/v1/targets/${target.id}/mode`, { mode: 'propose' }), outcome)
    await world.reanalyse(id)
    await world.reaches(id, 'awaiting-approval')
    expect(marksOf(target.stateDir)).toEqual([])
  })

  test('propose: what the policy would allow waits for a person all the same', async () => {
    const both = await watchNginx(world, 'proposed')
    spoilConfig(both.nginx)
    settled(both.nginx)
    both.nginx.reload()
    const { id } = await world.opened(both.target.id, 'nginx.broken-configuration')
    const planned = await world.reaches(id, 'awaiting-approval', 'resolved')
    expect(planned).toMatchObject({ state: 'awaiting-approval', plan: { risk: 'medium' } })
    expect(planned.authority).toEqual({ kind: 'person', because: ['the target is in mode propose'] })
    expect(marksOf(both.target.stateDir)).toEqual([])
  })
})

describe('approvals', () => {
  const approve = (of: Incident, planHash: string | undefined) => world.bob.post(`/api/v1/approvals/${of.approvalId}/approve`, { planHash })

  test('another hash, a key that may only look, and a rejection let nothing run', async () => {
    const { nginx, target, id } = await broken('hash')
    const bad = stateOf(nginx.configPath)
    const planned = await world.reaches(id, 'awaiting-approval')
    const hash = planned.plan?.planHash
    expect(await refusal(approve(planned, 'f'.repeat(64)))).toMatchObject({ status: 409, code: 'APPROVAL_IS_FOR_ANOTHER_PLAN' })
    const made = await ok(
      world.admin.post('/api/v1/keys', { name: 'eve', role: 'viewer', owner: 'eve' }),
      outcome.extend({ key: z.string() }),
    )
    await ok(world.admin.get(`/api/v1/keys/${made.id}?min_position=${made.position}`), z.object({ owner: z.literal('eve') }))
    expect((await world.admin.as(made.key).post(`/api/v1/approvals/${planned.approvalId}/approve`, { planHash: hash })).status).toBe(403)
    expect((await world.incident(id)).state).toBe('awaiting-approval')
    await ok(world.bob.post(`/api/v1/approvals/${planned.approvalId}/reject`, { reason: 'I will look myself' }), outcome)
    expect((await world.reaches(id, 'escalated')).escalation?.reason).toBe('approval-rejected')
    expect(await refusal(approve(planned, hash))).toMatchObject({ status: 409 })
    expect(stateOf(nginx.configPath)).toEqual(bad)
    expect(marksOf(target.stateDir)).toEqual([])
  })

  test('a file that changed after the plan was shown voids the approval; the new plan needs a new one', async () => {
    const { nginx, target, id } = await broken('drift')
    const planned = await world.reaches(id, 'awaiting-approval')
    spoilConfig(nginx, 'bar_baz')
    const worse = stateOf(nginx.configPath)
    await world.approve(planned)
    const again = await world.incidentIs(id, ({ state, approvalId }) => state === 'awaiting-approval' && approvalId !== planned.approvalId)
    expect(again.plan?.planHash).not.toBe(planned.plan?.planHash)
    expect(again.plan?.files).toEqual([expect.objectContaining({ path: nginx.configPath, sha256Before: worse.sha256 })])
    expect(again.timeline.map(({ text }) => text).join('\n')).toContain(nginx.configPath)
    expect(stateOf(nginx.configPath)).toEqual(worse)
    expect(marksOf(target.stateDir)).toEqual([])
    expect(await refusal(approve(again, planned.plan?.planHash))).toMatchObject({ code: 'APPROVAL_IS_FOR_ANOTHER_PLAN' })
    await world.approve(again)
    await expectFixed(world, id)
    expect(await world.events(id, 'ExecutionStarted')).toHaveLength(1)
  })
})

describe('healing stop', () => {
  test('by the API: nothing begins, and it goes on when healing is resumed', async () => {
    const { nginx, target, id } = await broken('stop-api')
    const bad = stateOf(nginx.configPath)
    const planned = await world.reaches(id, 'awaiting-approval')
    await ok(world.bob.post('/api/v1/healing/stop', { reason: 'maintenance' }), outcome)
    await world.approve(planned)
    const held = await world.reaches(id, 'waiting', 'resolved', 'escalated')
    expect(held.waitingFor).toBe('healing-stopped')
    expect(stateOf(nginx.configPath)).toEqual(bad)
    expect(marksOf(target.stateDir)).toEqual([])
    await ok(world.admin.post('/api/v1/healing/resume'), outcome)
    // The approval was used up, and conditions may have changed while nothing ran: a person agrees anew.
    const again = await world.incidentIs(id, ({ state, approvalId }) => state === 'awaiting-approval' && approvalId !== planned.approvalId)
    await world.approve(again)
    await expectFixed(world, id)
  })

  test.each([
    { where: 'in the data directory', path: () => join(world.dir, 'data', 'healing.stop') },
    { where: 'on the host', path: (stateDir: string) => join(stateDir, 'healing.stop') },
  ])('by a file $where: nothing begins', async ({ where, path }) => {
    const { nginx, target, id } = await broken(where.replaceAll(' ', '-'))
    const bad = stateOf(nginx.configPath)
    const planned = await world.reaches(id, 'awaiting-approval')
    mkdirSync(target.stateDir, { recursive: true })
    const file = path(target.stateDir)
    writeFileSync(file, '')
    onTestFinished(() => rmSync(file, { force: true }))
    await world.approve(planned)
    expect((await world.reaches(id, 'waiting', 'resolved', 'escalated')).waitingFor).toBe('healing-stopped')
    await ok(world.bob.post(`/api/v1/incidents/${id}/close`, { reason: 'done by hand' }), outcome)
    await world.reaches(id, 'closed')
    expect(stateOf(nginx.configPath)).toEqual(bad)
    expect(marksOf(target.stateDir)).toEqual([])
  })

  test('in the middle of a fix: no further step begins, and the way back is finished', async () => {
    const { nginx, target } = await watchNginx(world, 'stop-midway', { workerLimit: 20, ...wrapped })
    const before = stateOf(nginx.configPath)
    await exhaustDescriptors(nginx)
    const { id } = await world.opened(target.id, 'nginx.too-many-open-files')
    const planned = await world.reaches(id, 'awaiting-approval')
    const hold = holdAt(nginx, 'grep -q 4096')
    await world.approve(planned)
    await hold.held()
    await ok(world.bob.post('/api/v1/healing/stop', { reason: 'something is wrong' }), outcome)
    onTestFinished(async () => {
      await world.admin.post('/api/v1/healing/resume')
    })
    hold.release()
    await expectRolledBack(world, target, id)
    expect(stateOf(nginx.configPath)).toEqual(before)
    const steps = marksOf(target.stateDir).map((mark) => mark.split('/')[1])
    expect(steps).toContain('fix-1')
    expect(steps).not.toContain('fix-2')
  })
})

test('two incidents that need the same service: the second waits, and plans again when it is its turn', async () => {
  const first = await broken('lanes-first', wrapped)
  const second = await broken('lanes-second')
  const hold = holdAt(first.nginx, '! grep -q foo_bar')
  const bad = stateOf(second.nginx.configPath)
  await world.approve(await world.reaches(first.id, 'awaiting-approval'))
  await hold.held()
  await world.approve(await world.reaches(second.id, 'awaiting-approval'))
  expect((await world.reaches(second.id, 'waiting', 'executing', 'resolved')).waitingFor).toBe('lanes')
  expect(stateOf(second.nginx.configPath)).toEqual(bad)
  expect(marksOf(second.target.stateDir)).toEqual([])
  hold.release()
  await expectFixed(world, first.id)
  const healed = await world.reaches(second.id, 'resolved', 'escalated', 'awaiting-approval')
  // The world did not change while it waited: the same plan again, so the person need not be asked twice.
  expect(healed).toMatchObject({ outcome: 'fixed' })
  expect(healed.timeline.filter(({ type, text }) => type === 'EffectRequested' && text.includes('draft a plan'))).toHaveLength(2)
  const turns = (await world.stream(`lanes-${world.hostId}`)).filter(({ data }) =>
    [first.id, second.id].includes(String(data['incidentId'])),
  )
  expect(turns.map(({ type, data }) => `${data['incidentId'] === first.id ? 'first' : 'second'} ${type}`)).toEqual([
    'first LanesAcquired',
    'second LanesQueued',
    'first LanesReleased',
    'second LanesOffered',
    'second LanesAcquired',
    'second LanesReleased',
  ])
})

test('two fixes that failed open the breaker: the third waits for a person, whatever the policy says', async () => {
  const both = await watchNginx(world, 'breaker', { mode: 'act', ...wrapped })
  spoilConfig(both.nginx)
  settled(both.nginx)
  const bad = stateOf(both.nginx.configPath)
  refuseConfig(both.nginx, '! grep -q foo_bar')
  both.nginx.reload()
  const { id, fingerprintId } = await world.opened(both.target.id, 'nginx.broken-configuration')
  await expectRolledBack(world, both.target, id)
  await world.reanalyse(id)
  await world.incidentIs(id, ({ timeline }) => timeline.filter(({ type }) => type === 'IncidentEscalated').length === 2)
  expect(await world.events(id, 'ExecutionStarted')).toHaveLength(2)
  await world.reanalyse(id)
  const third = await world.reaches(id, 'awaiting-approval')
  expect(third.authority).toEqual({ kind: 'person', because: ['fixes for this failed before'] })
  expect(stateOf(both.nginx.configPath)).toEqual(bad)
  expect(await world.events(id, 'ExecutionStarted')).toHaveLength(2)
  await ok(world.admin.post(`/api/v1/fingerprints/${fingerprintId}/reset`, { reason: 'the cause was found' }), outcome)
})
