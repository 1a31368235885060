/**
 * Retiring, and going on after a stop, with a real nginx behind a real sshd: no target leaves in the middle of a fix, what is open about it is closed
 * once, and whoever was held back by the switch goes on when it opens, not when a timer says so.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type NginxDaemon, startNginx } from '../support/daemons/nginx.ts'
import { ok, outcome } from './support/api.ts'
import { expectFixed } from './support/expectations.ts'
import { holdAt, spoilConfig, watchNginx, wrappedNginx } from './support/nginx-target.ts'
import { marksOf, stateOf } from './support/witness.ts'
import { openWorld, type Registered, type World } from './support/world.ts'

const FAULT = 'nginx.broken-configuration'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

/** Registered, and its configuration broken. Each test retires it by itself. */
async function broken(name: string): Promise<{ nginx: NginxDaemon; target: Registered; id: string }> {
  const nginx = await startNginx()
  onTestFinished(() => nginx.stop())
  const connection = { kind: 'nginx', pidFile: nginx.pidFile, url: nginx.url, roots: [nginx.root], binary: wrappedNginx(nginx) }
  const target = await world.register({ name, service: 'nginx', logPaths: [nginx.logPath], configPaths: [nginx.configPath], connection })
  spoilConfig(nginx)
  nginx.reload()
  const { id } = await world.opened(target.id, FAULT)
  return { nginx, target, id }
}

const remove = (what: 'hosts' | 'targets', id: string) => world.admin.delete(`/api/v1/${what}/${id}`, { reason: 'moved away' })
const details = z.object({ error: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()) }) })
const closings = async (id: string) => (await world.events(id, 'IncidentClosed')).map(({ data }) => data)

describe('retiring a target', () => {
  test('in the middle of a fix is refused, and the fix is named; when it has ended the target goes', async () => {
    const { nginx, target, id } = await broken('midway')
    const hold = holdAt(nginx, '! grep -q foo_bar')
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await hold.held()
    const refused = await remove('targets', target.id)
    const { executionId } = await world.incident(id)
    expect(refused.status).toBe(409)
    expect(details.parse(refused.body).error).toEqual({
      ...{ code: 'TARGET_IS_BEING_FIXED', details: { incidentId: id, executionId } },
    })
    hold.release()
    await expectFixed(world, id)
    await ok(remove('targets', target.id), outcome)
    expect(await closings(id)).toEqual([])
  })

  test('closes what is open with an outcome that says so, takes back the approval that waits, and ends the watching', async () => {
    const { nginx, target, id } = await broken('open')
    const bad = stateOf(nginx.configPath)
    const { approvalId, plan } = await world.reaches(id, 'awaiting-approval')
    await ok(remove('targets', target.id), outcome)
    const closed = await world.reaches(id, 'closed')
    expect(closed.outcome).toBe('target-retired')
    await world.incidentIs(id, ({ timeline }) => timeline.some(({ type }) => type === 'ApprovalRevoked'))
    expect((await world.bob.post(`/api/v1/approvals/${approvalId}/approve`, { planHash: plan?.planHash })).status).toBe(409)

    // Reported when nobody looks after it any more: not believed, and nothing is opened.
    const reported = await world.admin.post('/api/v1/anomalies', { targetId: target.id, message: 'unknown directive "foo_bar"' })
    expect(reported.status).toBe(422)
    nginx.reload()
    expect(await closings(id)).toEqual([
      expect.objectContaining({ outcome: 'target-retired', by: 'admin', reason: expect.stringContaining('moved away') }),
    ])
    expect(await world.incidents(target.id)).toHaveLength(1)
    expect(stateOf(nginx.configPath)).toEqual(bad)
    expect(marksOf(target.stateDir)).toEqual([])
  })
})

test('a host is not retired under its targets, and they are named', async () => {
  const { nginx, target } = await watchNginx(world, 'still-here')
  const refused = await remove('hosts', world.hostId)
  expect(refused.status).toBe(409)
  expect(details.parse(refused.body).error).toEqual({ code: 'HOST_HAS_TARGETS', details: { targets: 'still-here' } })
  expect((await world.target(target.id)).visibility).toBe('visible')
  expect(nginx.url).toBeTruthy()
})

test('when healing is resumed, what it held back goes on by that, and not by its timer', async () => {
  const { target, id } = await broken('resumed')
  const planned = await world.reaches(id, 'awaiting-approval')
  await ok(world.bob.post('/api/v1/healing/stop', { reason: 'maintenance' }), outcome)
  await world.approve(planned)
  expect((await world.reaches(id, 'waiting', 'resolved', 'escalated')).waitingFor).toBe('healing-stopped')
  await ok(world.admin.post('/api/v1/healing/resume'), outcome)
  const again = await world.incidentIs(id, ({ state, approvalId }) => state === 'awaiting-approval' && approvalId !== planned.approvalId)
  const process = await world.stream(`healing-${id}`)
  expect(process.filter(({ type }) => type === 'TimeoutElapsed')).toEqual([])
  const offers = (await world.stream('healing-switch-global')).filter(({ data }) => data['incidentId'] === id)
  expect(offers.map(({ type }) => type)).toEqual(['HealingAwaited', 'HealingOffered'])
  await world.approve(again)
  await expectFixed(world, id)
  await ok(remove('targets', target.id), outcome)
})
