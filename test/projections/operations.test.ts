/** Operations on many servers, as they are shown and found again, and which servers a selection means. */
import { describe, expect, test } from 'vitest'
import type { DomainEvent } from '../../src/domain/events.ts'
import { allProjections } from '../../src/projections/all.ts'
import { createMemoryProjections } from '../../src/projections/memory-projections.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { History, sample } from './support/events.ts'
import { ReadSide } from './support/read-side.ts'

const bulk = sample('OperationStarted', {}, 1)
const { operationId } = bulk.data
const [one = '', two = ''] = 'items' in bulk.data ? bulk.data.items.map(({ id }) => id) : []

function rowAfter(...events: readonly DomainEvent[]) {
  const history = new History()
  const projections = createMemoryProjections(allProjections)
  for (const event of events) projections.apply(history.add(`operation-${operationId}`, event))
  return projections.rows('operations')[0]
}

test('shows how far it is, with what is under way, item by item', () => {
  const begun = [bulk, sample('OperationItemStarted', { item: one })]
  expect(rowAfter(...begun)).toMatchObject({
    state: 'running',
    progress: { total: 2, completed: 0, succeeded: 0, failed: 0, unknown: 0, current: ['files'] },
    items: [
      { id: one, state: 'running' },
      { id: two, state: 'waiting' },
    ],
  })
  const ended = [...begun, sample('OperationItemSucceeded', { item: one }), sample('OperationItemStarted', { item: two })]
  expect(rowAfter(...ended, sample('OperationItemFailed', { item: two }), sample('OperationEnded'))).toMatchObject({
    state: 'partly',
    progress: { completed: 2, succeeded: 1, failed: 1, current: [] },
    items: [{ state: 'succeeded' }, { state: 'failed', rule: 'server-not-registered' }],
  })
})

test('what never began is skipped, and a read model’s work has no items', () => {
  const counts = { outcome: 'cancelled', succeeded: 0, failed: 0, skipped: 2 } as const
  expect(rowAfter(bulk, sample('OperationCancelled'))).toMatchObject({ state: 'cancelling', cancelledBy: 'mira' })
  expect(rowAfter(bulk, sample('OperationCancelled'), sample('OperationEnded', counts))).toMatchObject({
    state: 'cancelled',
    items: [{ state: 'skipped' }, { state: 'skipped' }],
  })
  expect(rowAfter(sample('OperationStarted'), sample('OperationSucceeded'))).toMatchObject({
    state: 'succeeded',
    items: null,
    progress: null,
  })
})

describe('in the database', () => {
  const postgres = withPostgres()

  test('what has not ended is found again, from where the read model stands', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started()
    await side.append(`operation-${operationId}`, [bulk, sample('OperationItemStarted', { item: one })])
    await side.append('operation-r', [sample('OperationStarted', { operationId: 'r' })])
    const other = sample('OperationStarted', { operationId: 'other' }, 1)
    const position = await side.append('operation-other', [other, sample('OperationEnded', { operationId: 'other' })])
    await readModels.waitFor('operations', position, 5_000)
    expect(await readModels.operationRoster.openBulk()).toStrictEqual({ operationIds: [operationId], position })
  })

  test('a selection means those of the list in its order, or all that fit, by name', async () => {
    const side = await ReadSide.open(postgres)
    const readModels = await side.started()
    let position = 0n
    const { config } = sample('ServerRegistered').data
    const registered = (name: string, displayName: string) =>
      sample('ServerRegistered', { serverId: name, name, enabled: name !== 'memory', config: { ...config, displayName } })
    for (const name of ['files', 'search', 'memory']) position = await side.append(`server-${name}`, [registered(name, name)])
    position = await side.append('server-search', [sample('ServerRetired', { serverId: 'search' })], 0n)
    const select = async (selection: Parameters<typeof readModels.queries.serverSelection>[0]) =>
      (await readModels.queries.serverSelection(selection, { minPosition: position })).value
    expect(await select({ ids: ['search', 'nobody', 'files'] })).toStrictEqual([
      { id: 'search', name: 'search' },
      { id: 'nobody', name: null },
      { id: 'files', name: 'files' },
    ])
    expect(await select({})).toStrictEqual([
      { id: 'files', name: 'files' },
      { id: 'memory', name: 'memory' },
    ])
    expect(await select({ enabled: false })).toStrictEqual([{ id: 'memory', name: 'memory' }])
    expect(await select({ search: 'IL', state: 'stopped', health: 'unknown' })).toStrictEqual([{ id: 'files', name: 'files' }])
    expect(await select({ state: 'running' })).toStrictEqual([])
    // One meaning with the list: the display name counts too.
    position = await side.append('server-wiki', [registered('wiki', 'House Rules')])
    expect(await select({ search: 'house' })).toStrictEqual([{ id: 'wiki', name: 'wiki' }])
    const listed = await readModels.queries.servers.list({ search: 'house', minPosition: position })
    expect(listed.items.map(({ name }) => name)).toStrictEqual(['wiki'])
    expect(await select({ limit: 1 })).toHaveLength(1)
  })
})
