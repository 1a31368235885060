/** All read models over a real log: what they hold, how fast they follow, and that the log alone gives the same rows again. */
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { allProjections } from '../../src/projections/all.ts'
import { isEvent } from '../../src/projections/batch.ts'
import { cleanJson } from '../../src/projections/clean-text.ts'
import { decodeRow } from '../../src/projections/columns.ts'
import { createMemoryProjections } from '../../src/projections/memory-projections.ts'
import { eventFixtures } from '../adapters/codec/fixtures.ts'
import { withPostgres } from '../adapters/database/support.ts'
import { codec, newEvent, sample } from './support/events.ts'
import { caughtUp, ReadSide } from './support/read-side.ts'

const postgres = withPostgres()

test('every event there is goes through every read model, with the same rows as in memory and as in a rebuild', async () => {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  let position = 0n
  for (const { type, version, data } of eventFixtures()) {
    const events = data.map((each) => {
      const { metadata } = newEvent(sample('HostReached'))
      return { type, data: each, metadata: { ...metadata, schemaVersion: version } }
    })
    position = (await side.store.append(`thing-${randomUUID()}`, 'no-stream', events)).position
  }
  await caughtUp(readModels, position)

  const memory = createMemoryProjections(allProjections)
  for await (const item of side.store.readAll()) if (isEvent(item)) memory.apply(codec.decode(item))
  for (const model of allProjections) {
    const inDatabase = (await side.rows(model.table)).map((row) => decodeRow(model.columns, row))
    const inMemory = memory.rows(model.name).map((row) => washed(row))
    expect(byKey(inDatabase.map(washed), model.primaryKey)).toEqual(byKey(inMemory, model.primaryKey))
    expect(await readModels.verify(model.name)).toMatchObject({ equal: true, different: 0, rows: inDatabase.length })
  }
  expect(memory.rows('event-index').length).toBeGreaterThan(100)
  expect(side.errors).toEqual([])
})

test('a read model that wants no event of an append still says that it has seen it', async () => {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  const position = await side.append('host-1', [sample('HostRegistered')])
  await caughtUp(readModels, position)
  const { items, position: seen } = await readModels.queries.approvals.list({ minPosition: position })
  expect(items).toEqual([])
  expect(seen).toBeGreaterThanOrEqual(position)
})

test('read models go on where they were, also behind events that none of them has seen', async () => {
  const side = await ReadSide.open(postgres)
  const first = await side.started()
  await caughtUp(first, await side.append('host-1', [sample('HostRegistered')]))
  await first.stop()
  const position = await side.append('host-1', [sample('HostLost')], 0n)
  const second = await side.started()
  await caughtUp(second, position)
  expect((await second.queries.hosts.list()).items).toMatchObject([{ reachable: 'lost', revision: 1n }])
})

const byKey = (rows: readonly Record<string, unknown>[], key: string) => rows.toSorted((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1))

/** What PostgreSQL cannot hold is replaced in the tables only. */
const washed = (row: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(cleanJson(JSON.stringify(row, (_name, value) => (typeof value === 'bigint' ? value.toString() : value))))
