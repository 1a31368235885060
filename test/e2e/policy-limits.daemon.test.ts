/** The limits of the policy, with a real Redis behind a real sshd: four eyes are two owners, and a host has so many actions in an hour. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Api, type Incident, ok, outcome, page, refusal } from './support/api.ts'
import { expectFixed } from './support/expectations.ts'
import { fillMemory, MIB, maxmemoryOf, watchSmallRedis } from './support/redis-target.ts'
import { marksOf } from './support/witness.ts'
import { openWorld, type World } from './support/world.ts'

const FAULT = 'redis.memory-full'
const agree = (as: Api, { approvalId, plan }: Incident) => as.post(`/api/v1/approvals/${approvalId}/approve`, { planHash: plan?.planHash })

async function keyOf(world: World, name: string, owner: string): Promise<Api> {
  const made = await ok(world.admin.post('/api/v1/keys', { name, role: 'operator', owner }), outcome.extend({ key: z.string() }))
  await ok(world.admin.get(`/api/v1/keys/${made.id}?min_position=${made.position}`), z.object({ owner: z.literal(owner) }))
  return world.admin.as(made.key)
}

describe('approversNeeded: 2', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld({ policy: 'window: 1s\napproversNeeded: 2\n' })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  test('one person cannot agree twice, with whichever key; the second person lets it run', async () => {
    const bobAgain = await keyOf(world, 'bob-laptop', 'bob')
    const alice = await keyOf(world, 'alice', 'alice')
    const { redis, target } = await watchSmallRedis(world, 'four-eyes')
    await fillMemory(redis)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    const approval = z.object({ state: z.string(), approversNeeded: z.number(), grantedBy: z.array(z.string()) })
    const shown = async (position = '0') =>
      ok(world.admin.get(`/api/v1/approvals/${planned.approvalId}?min_position=${position}`), approval)

    const first = await ok(agree(world.bob, planned), outcome)
    expect(await shown(first.position)).toEqual({ state: 'pending', approversNeeded: 2, grantedBy: ['bob'] })
    for (const key of [world.bob, bobAgain]) {
      expect(await refusal(agree(key, planned))).toMatchObject({ status: 409, code: 'APPROVAL_NEEDS_ANOTHER_OWNER' })
    }
    expect(await shown()).toMatchObject({ state: 'pending', grantedBy: ['bob'] })
    expect(marksOf(target.stateDir)).toEqual([])
    expect(await maxmemoryOf(redis)).toBe(4 * MIB)

    await ok(agree(alice, planned), outcome)
    await expectFixed(world, id)
    expect(await maxmemoryOf(redis)).toBe(5 * MIB)
    const granted = (await world.stream(`approval-${planned.approvalId}`)).filter(({ type }) => type === 'ApprovalGranted')
    expect(granted.map(({ data }) => [data['owner'], data['complete']])).toEqual([
      ['bob', false],
      ['alice', true],
    ])
  })
})

describe('actionsPerHostPerHour: 1', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld({ policy: 'window: 1s\nactionsPerHostPerHour: 1\n' })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  test('the second fix on a host in one hour waits, and says for what; its approval stays good', async () => {
    const first = await watchSmallRedis(world, 'budget-first')
    const second = await watchSmallRedis(world, 'budget-second')
    await fillMemory(first.redis)
    const one = await world.opened(first.target.id, FAULT)
    await world.approve(await world.reaches(one.id, 'awaiting-approval'))
    await expectFixed(world, one.id)

    await fillMemory(second.redis)
    const two = await world.opened(second.target.id, FAULT)
    const planned = await world.reaches(two.id, 'awaiting-approval')
    await world.approve(planned)
    const held = await world.reaches(two.id, 'waiting', 'resolved', 'escalated')
    expect(held).toMatchObject({ state: 'waiting', waitingFor: 'host-budget' })
    expect(held.timeline.map(({ text }) => text)).toContainEqual(expect.stringContaining('the host had enough actions in this hour'))
    const asked = page(z.object({ id: z.string(), state: z.string() }))
    const approvals = await ok(world.admin.get(`/api/v1/approvals?incident_id=${two.id}`), asked)
    expect(approvals.items).toEqual([{ id: planned.approvalId, state: 'granted' }])
    expect(marksOf(second.target.stateDir)).toEqual([])
    expect(await maxmemoryOf(second.redis)).toBe(4 * MIB)

    // It tries again by itself; the hour is not over, so it is held back again, with the same approval and nothing done.
    await world.incidentIs(two.id, ({ waitingFor, timeline }) => {
      const refused = timeline.filter(({ type, text }) => type === 'CommandRefused' && text.includes('host-budget-exhausted'))
      return refused.length === 2 && waitingFor === 'host-budget'
    })
    expect(marksOf(second.target.stateDir)).toEqual([])
    await ok(world.bob.post(`/api/v1/incidents/${two.id}/close`, { reason: 'done by hand' }), outcome)
  })
})
