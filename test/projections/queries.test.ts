/** What may be asked: pages, filters, details, causal chains, the past; each answer with the position it was read at. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../../src/domain/instant.ts'
import type { StreamName } from '../../src/domain/ports/event-store.ts'
import { InvalidCursor, ProjectionLagging } from '../../src/projections/projection-errors.ts'
import type { Page } from '../../src/projections/queries/index.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { at, newEvent, sample } from './support/events.ts'
import { caughtUp, ReadSide } from './support/read-side.ts'

const postgres = withPostgres()

async function readSide() {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  return { side, readModels, queries: readModels.queries }
}

describe('lists', () => {
  test('go page by page without doubles or gaps, also while rows are added, and end', async () => {
    const { side, queries } = await readSide()
    let position = 0n
    for (let index = 0; index < 25; index += 1) {
      // Many at the same moment: the id decides.
      const detection = sample('AnomalyDetected', {
        anomalyId: `a${String(index).padStart(2, '0')}`,
        at: later(at, Math.floor(index / 10)),
      })
      position = await side.append(`anomaly-${index}`, [detection])
    }
    const seen: string[] = []
    let page: Page<{ anomalyId: string }> | undefined
    do {
      page = await queries.anomalies.list({ limit: 7, cursor: page?.nextCursor, minPosition: position })
      seen.push(...page.items.map(({ anomalyId }) => anomalyId))
      position = await side.append(`anomaly-${randomUUID()}`, [
        sample('AnomalyDetected', { anomalyId: `z${seen.length}`, at: later(at, 60_000) }),
      ])
    } while (page.nextCursor !== undefined)
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `a${String(24 - index).padStart(2, '0')}`))
  })

  test('filter, count, skip, and are empty with a position', async () => {
    const { side, queries } = await readSide()
    await side.append('anomaly-1', [sample('AnomalyDetected')])
    const minPosition = await side.append('anomaly-2', [
      sample('AnomalyDetected', { anomalyId: 'b', severity: 'critical', at: later(at, 1) }),
    ])
    const ids = async (filter: Parameters<typeof queries.anomalies.list>[0]) =>
      (await queries.anomalies.list({ ...filter, minPosition })).items.map(({ anomalyId }) => anomalyId)
    expect(await ids({ severity: 'critical' })).toEqual(['b'])
    expect(await ids({ from: later(at, 1) })).toEqual(['b'])
    expect(await ids({ until: later(at, 1) })).toEqual([sample('AnomalyDetected').data.anomalyId])
    expect(await ids({ severity: 'critical', targetId: 'nobody' })).toEqual([])
    expect(await ids({ offset: 1 })).toEqual([sample('AnomalyDetected').data.anomalyId])
    expect(await queries.anomalies.list({ limit: 1, withTotal: true, minPosition })).toMatchObject({ total: 2, position: minPosition })
    expect(await queries.anomalies.list({ targetId: 'nobody', withTotal: true, minPosition })).toMatchObject({
      items: [],
      total: 0,
      nextCursor: undefined,
      position: minPosition,
    })
  })

  test('refuse a cursor that they did not give out', async () => {
    const { side, readModels, queries } = await readSide()
    for (const name of ['one', 'two']) {
      await caughtUp(readModels, await side.append(`host-${name}`, [sample('HostRegistered', { hostId: name, name })]))
    }
    const { nextCursor = '' } = await queries.hosts.list({ limit: 1 })
    expect((await queries.hosts.list({ limit: 1, cursor: nextCursor })).items).toMatchObject([{ name: 'two' }])
    const forged = Buffer.from(JSON.stringify(['hosts', 'name', 'hostId', 1, 2])).toString('base64url')
    for (const cursor of ['', 'nonsense', '%%%', forged, nextCursor.slice(4)]) {
      await expect(queries.hosts.list({ cursor })).rejects.toThrow(InvalidCursor)
    }
    await expect(queries.anomalies.list({ cursor: nextCursor })).rejects.toThrow('cursor must be')
  })
})

test('a position that is not reached in time is refused with what is there', async () => {
  const { queries } = await readSide()
  await expect(queries.hosts.show('h', { minPosition: 1_000n, timeoutMs: 20 })).rejects.toThrow(ProjectionLagging)
  await expect(queries.hosts.show('h')).resolves.toEqual({ value: undefined, position: 0n })
})

test('a target knows its open incidents, and says how it is in one word', async () => {
  const { side, queries } = await readSide()
  const { targetId } = sample('TargetRegistered').data
  const show = async (minPosition: bigint) => (await queries.targets.show(targetId, { minPosition })).value
  expect(await show(await side.append('target-1', [sample('TargetRegistered')]))).toMatchObject({ status: 'pending', openIncidents: 0 })
  expect(await show(await side.append('target-1', [sample('TargetSeen')], 0n))).toMatchObject({ status: 'healthy', worstSeverity: null })
  await side.append('incident-1', [sample('IncidentOpened', { severity: 'warning', incidentId: 'i1' })])
  const troubled = await show(await side.append('incident-2', [sample('IncidentOpened', { severity: 'critical', incidentId: 'i2' })]))
  expect(troubled).toMatchObject({ status: 'troubled', openIncidents: 2, worstSeverity: 'critical' })
  expect(await show(await side.append('target-1', [sample('TargetFrozen')], 1n))).toMatchObject({ status: 'frozen', frozen: true })
  expect(await show(await side.append('incident-2', [sample('IncidentClosed', { incidentId: 'i2' })], 0n))).toMatchObject({
    openIncidents: 1,
    worstSeverity: 'warning',
  })
})

test('an incident comes with its timeline, an approval with its incident and exactly the plan that it is for', async () => {
  const { side, queries } = await readSide()
  const { incidentId } = sample('IncidentOpened').data
  await side.append('incident-1', [sample('IncidentOpened'), sample('PlanProposed')])
  const minPosition = await side.append('approval-1', [sample('ApprovalRequested')])
  const { value: incident } = await queries.incidents.show(incidentId, { minPosition })
  expect(incident?.timeline.map(({ type }) => type)).toEqual(['IncidentOpened', 'PlanProposed', 'ApprovalRequested'])
  expect(incident?.timeline.at(-1)).toMatchObject({ position: minPosition, actor: 'mira' })
  expect(typeof incident?.timeline[0]?.at).toBe('string')

  const { items } = await queries.approvals.list({ pending: true, minPosition })
  expect(items).toMatchObject([
    { incident: { title: incident?.title, state: 'investigating' }, plan: { planHash: 'c'.repeat(64), risk: 'medium' } },
  ])
  const changed = sample('PlanProposed')
  const plan = { ...changed.data.plan, planHash: 'd'.repeat(64) }
  const later = await side.append('incident-1', [{ ...changed, data: { ...changed.data, plan } }], 1n)
  expect((await queries.approvals.list({ minPosition: later })).items).toMatchObject([{ plan: null, pending: true }])
})

test('keys are found by their hash; revoked ones are listed on demand only', async () => {
  const { side, readModels, queries } = await readSide()
  await caughtUp(readModels, await side.append('key-1', [sample('ApiKeyCreated')]))
  expect(await queries.keys.bySha256('a'.repeat(64))).toMatchObject({ owner: 'mira', role: 'operator', revokedAt: null })
  expect(await queries.keys.bySha256('b'.repeat(64))).toBeUndefined()
  const minPosition = await side.append('key-1', [sample('ApiKeyRevoked')], 0n)
  expect((await queries.keys.list({ minPosition })).items).toEqual([])
  expect((await queries.keys.list({ withRevoked: true })).items).toMatchObject([{ revokedReason: 'leaked' }])
})

test('the summary counts what there is', async () => {
  const { side, queries } = await readSide()
  expect((await queries.summary()).value).toMatchObject({
    hosts: { registered: 0 },
    incidents: { open: 0, byState: {} },
    healing: { stopped: false },
  })
  await side.append('host-1', [sample('HostRegistered'), sample('HostLost')])
  await side.append('incident-1', [sample('IncidentOpened')])
  await side.append('approval-1', [sample('ApprovalRequested')])
  const minPosition = await side.append('healing-switch-global', [sample('HealingStopped')])
  const { value, position } = await queries.summary({ minPosition })
  expect(value).toMatchObject({
    hosts: { registered: 1, lost: 1 },
    incidents: { open: 1, byState: { investigating: 1 }, bySeverity: { error: 1 } },
    approvals: { pending: 1 },
    healing: { stopped: true },
  })
  expect(position).toBe(minPosition)
})

describe('events', () => {
  test('are found by type, stream, category, actor, correlation and time, with their data from the log', async () => {
    const { side, queries } = await readSide()
    await side.append('host-1', [sample('HostRegistered'), sample('HostReached')])
    await side.append('hostile-1', [sample('HostLost')])
    const minPosition = await side.append('host-2', [sample('HostReached')])
    const found = async (filter: Parameters<typeof queries.events.list>[0]) =>
      (await queries.events.list({ order: 'oldest', minPosition, ...filter })).items.map(({ stream, type }) => `${stream} ${type}`)
    expect(await found({ types: ['HostReached'] })).toEqual(['host-1 HostReached', 'host-2 HostReached'])
    expect(await found({ category: 'host' })).toEqual(['host-1 HostRegistered', 'host-1 HostReached', 'host-2 HostReached'])
    expect(await found({ stream: 'hostile-1' })).toEqual(['hostile-1 HostLost'])
    expect(await found({ actor: 'nobody' })).toEqual([])
    expect(await found({ after: minPosition - 1n })).toEqual(['host-2 HostReached'])
    expect(await found({ until: instant('2000-01-01T00:00:00.000Z') })).toEqual([])
    const [newest] = (await queries.events.list({ limit: 1 })).items
    expect(newest).toMatchObject({ stream: 'host-2', data: sample('HostReached').data, schemaVersion: 1, position: minPosition })
  })

  test('show why they are there and what came of them, through the command that was between', async () => {
    const { side, queries } = await readSide()
    const commandId = randomUUID()
    const correlationId = randomUUID()
    const append = async (stream: StreamName, type: Parameters<typeof sample>[0], causationId: string): Promise<string> => {
      const event = newEvent(sample(type), { correlationId, causationId })
      position = (await side.store.append(stream, 'no-stream', [event])).position
      return event.metadata.eventId
    }
    let position = 0n
    const receipt = await append(`command-${commandId}`, 'CommandReceived', commandId)
    const paused = await append('target-1', 'TargetPaused', commandId)
    const reaction = await append('healing-1', 'TimeoutScheduled', paused)
    const outcome = await append('incident-1', 'IncidentWaits', reaction)
    await append('target-2', 'TargetPaused', 'something else')

    const { value } = await queries.events.causality(reaction, { minPosition: position })
    expect(value?.causes.map(({ eventId, depth }) => [eventId, depth])).toEqual([
      [receipt, 2],
      [paused, 1],
    ])
    expect(value?.effects.map(({ eventId, depth }) => [eventId, depth])).toEqual([[outcome, 1]])
    expect(value?.correlated).toHaveLength(5)
    const fromTheStart = await queries.events.causality(receipt)
    expect(fromTheStart.value?.effects.map(({ eventId }) => eventId)).toEqual([paused, reaction, outcome])
    expect((await queries.events.causality(randomUUID())).value).toBeUndefined()
  })
})

describe('the past', () => {
  test('is the state of an aggregate as of a position, a time, or now', async () => {
    const { side, readModels } = await readSide()
    const first = await side.append('host-1', [sample('HostRegistered')])
    const second = await side.append('host-1', [sample('HostLost')], 0n)
    const { stateAt } = readModels.replay
    expect(await stateAt('host-1', { position: first })).toMatchObject({ aggregate: 'host', revision: 0n, state: { reachable: 'unknown' } })
    expect(await stateAt('host-1', { position: second })).toMatchObject({ revision: 1n, state: { reachable: false } })
    expect(await stateAt('host-1', 'now')).toMatchObject({ revision: 1n, position: second })
    expect(await stateAt('host-1', { position: first - 1n })).toBeUndefined()
    expect(await stateAt('host-1', { time: instant('2000-01-01T00:00:00.000Z') })).toBeUndefined()
    expect(await stateAt('host-2', 'now')).toBeUndefined()
    expect(await stateAt('healing-1', 'now')).toBeUndefined()
  })

  test('shows maps as objects and sets as lists', async () => {
    const { side, readModels } = await readSide()
    await side.append('remedy-guard-nginx.reload', [sample('RemedyFailed'), sample('RemedyApplied')])
    expect(await readModels.replay.stateAt('remedy-guard-nginx.reload', 'now')).toMatchObject({
      aggregate: 'remedy-guard',
      state: { failedOn: [sample('RemedyFailed').data.hostId], appliedAt: { [sample('RemedyApplied').data.targetId]: at } },
    })
  })
})

test('agenda and roster say the same as their read models', async () => {
  const { side, readModels } = await readSide()
  await side.append('host-1', [sample('HostRegistered')])
  await side.append('target-1', [sample('TargetRegistered'), sample('TargetPaused')])
  await side.append('healing-1', [sample('EffectRequested'), sample('TimeoutScheduled')])
  const position = await side.append('command-1', [sample('CommandReceived')])
  await caughtUp(readModels, position)
  const { agenda, roster } = readModels
  expect(await agenda.openEffects(5)).toMatchObject([{ kind: 'survey', process: 'healing', runnerId: undefined }])
  expect(await agenda.dueTimers(at, 5)).toEqual([])
  expect(await agenda.dueTimers(later(at, 3_600_000), 5)).toMatchObject([{ name: 'approval' }])
  expect(await agenda.openCommands(later(at, 1), 5)).toEqual([sample('CommandReceived').data.commandId])
  expect(await roster.watched()).toEqual([{ target: sample('TargetRegistered').data, host: sample('HostRegistered').data, paused: true }])
  await caughtUp(readModels, await side.append('target-1', [sample('TargetRetired')], 1n))
  expect(await roster.watched()).toEqual([])
})
