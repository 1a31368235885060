/** Managed servers that break, and what healing makes of it: real programs, a real supervisor, and the engine that heals hosts as well. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { openHealedFleet } from './support/healed-fleet.ts'

const runs = async (fleet: Awaited<ReturnType<typeof openHealedFleet>>, id: string) => (await fleet.server(id)).state === 'running'

test('a server that a change of its configuration broke gets the last good one back, once a person has approved it', async () => {
  const fleet = await openHealedFleet()
  await fleet.register('s-1', { env: { MOOD: 'well' } })
  await fleet.happens('ServerRunning')
  const good = (await fleet.server('s-1')).config

  await fleet.configure('s-1', { env: { MOOD: 'ill' } })
  await fleet.approve()
  // The supervisor had given up before anybody else did anything.
  expect(fleet.types().indexOf('IncidentOpened')).toBeGreaterThan(fleet.types().indexOf('ServerDisabled'))
  const [proposed] = fleet.of('PlanProposed')
  expect(proposed?.data.plan.action.id).toBe('server.restore-configuration')
  expect(proposed?.data.authority.kind).toBe('person')
  expect(proposed?.data.plan.diffs[0]?.diff.text).toContain('+      "MOOD": "well"')

  await fleet.happens('IncidentResolved', 'IncidentEscalated')
  expect(fleet.of('IncidentResolved')[0]?.data.outcome).toBe('fixed')
  expect(await runs(fleet, 's-1')).toBe(true)
  expect((await fleet.server('s-1')).config).toStrictEqual(good)
})

test('a fix that is not proven to work is rolled back to the state before it', async () => {
  const fleet = await openHealedFleet()
  const turns = join(fleet.place, 'turns')
  await fleet.register('s-1', { env: { MOOD: 'well', TURNS: turns } })
  await fleet.happens('ServerRunning')
  await fleet.configure('s-1', { env: { MOOD: 'ill', TURNS: turns } })
  await fleet.happens('PlanProposed')
  const broken = await fleet.server('s-1')
  // Sabotage: what starts well when it is tried falls over soon after.
  writeFileSync(turns, '')
  await fleet.approve()

  await fleet.happens('IncidentResolved', 'IncidentEscalated')
  expect(fleet.of('IncidentEscalated')[0]?.data.reason).toBe('fix-failed-rolled-back')
  expect(fleet.of('RollbackProven')).toHaveLength(1)
  const after = await fleet.server('s-1')
  expect(after.config).toStrictEqual(broken.config)
  expect([after.enabled, after.desired]).toStrictEqual([broken.enabled, broken.desired])
})

test('a server that only says that it is out of memory is not believed: nothing is done', async () => {
  const fleet = await openHealedFleet({ ceilings: { 'server.memory-limit': 2 ** 30 } })
  const forge = join(fleet.place, 'forged')
  const limits = { memoryBytes: 64 * 1024 * 1024 }
  await fleet.register('s-1', { limits, env: { FORGE: forge, SAYS: 'Out of memory: Killed process 4711 (node)' } })

  await fleet.happens('IncidentOpened')
  expect(fleet.of('IncidentOpened')[0]?.data.faultId).toBe('server.says-out-of-memory')
  await fleet.happens('IncidentResolved', 'IncidentEscalated')
  expect(fleet.of('IncidentResolved')[0]?.data.outcome).toBe('not-confirmed')
  expect(fleet.of('PlanProposed', 'ExecutionStarted', 'StepRun', 'ServerConfigChanged')).toStrictEqual([])
  expect(await runs(fleet, 's-1')).toBe(true)
})

test('a server that the kernel ends for its memory is given more of it, once a person has approved that, and never beyond the ceiling', async () => {
  const MIB = 1024 * 1024
  const fleet = await openHealedFleet({ limits: true, ceilings: { 'server.memory-limit': 120 * MIB } })
  const { keeps, says } = fleet.limiting()
  // Where the machine keeps no such limit, nothing is ever ended for it, and it must be said why.
  if (!keeps.includes('memoryBytes')) return expect(says).toContain('memory')
  const hungry = { autoRestart: false, env: { EATS: '75' } }
  await fleet.register('s-1', { ...hungry, limits: { memoryBytes: 80 * MIB } })
  await fleet.happens('IncidentOpened')
  expect(fleet.of('IncidentOpened')[0]?.data.faultId).toBe('server.out-of-memory')
  await fleet.approve()
  const { plan, authority } = fleet.of('PlanProposed')[0]?.data ?? {}
  expect([plan?.action.id, plan?.risk, authority?.kind]).toStrictEqual(['server.raise-memory-limit', 'high', 'person'])
  await fleet.happens('IncidentResolved', 'IncidentEscalated')
  expect(fleet.of('IncidentResolved')[0]?.data.outcome).toBe('fixed')
  expect(await fleet.server('s-1')).toMatchObject({ state: 'running', config: { limits: { memoryBytes: 120 * MIB } } })

  // With the ceiling as its limit: what is left to propose gives it no more.
  await fleet.register('s-2', { ...hungry, env: { EATS: '150' }, limits: { memoryBytes: 120 * MIB } })
  await until(() => fleet.of('PlanProposed').length === 2, 60_000)
  expect(fleet.of('IncidentOpened')[1]?.data.faultId).toBe('server.out-of-memory')
  expect(fleet.of('PlanProposed')[1]?.data.plan.action.id).toBe('server.restart')
  expect((await fleet.server('s-2')).config.limits.memoryBytes).toBe(120 * MIB)
})

test('in mode act a rule of the policy lets a server be started again, and no person is asked', async () => {
  const fleet = await openHealedFleet({ auto: [{ action: 'server.restart', target: 's-1', maxRisk: 'low' }] })
  await fleet.register('s-1', { autoRestart: false })
  await fleet.happens('ServerRunning')
  await fleet.act('s-1')
  process.kill(fleet.of('ServerSpawned')[0]?.data.pid ?? 0, 'SIGKILL')
  await fleet.happens('IncidentResolved', 'IncidentEscalated')
  expect(fleet.of('IncidentResolved')[0]?.data.outcome).toBe('fixed')
  expect(fleet.of('PlanProposed').map(({ data }) => [data.plan.action.id, data.authority.kind])).toStrictEqual([
    ['server.restart', 'policy'],
  ])
  expect(fleet.of('ApprovalRequested')).toStrictEqual([])
  expect(await runs(fleet, 's-1')).toBe(true)
})
