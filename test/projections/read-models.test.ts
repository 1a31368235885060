import { expect, test } from 'vitest'
import { withPostgres } from '../adapters/database/support.ts'
import { at, sample } from './support/events.ts'
import { caughtUp, ReadSide } from './support/read-side.ts'

const postgres = withPostgres()

test('one event of every type goes through every read model, and each equals its rebuild', async () => {
  const side = await ReadSide.open(postgres)
  const readModels = await side.started()
  const position = await side.append('host-1', [sample('HostRegistered'), sample('HostReached')])
  await caughtUp(readModels, position)
  const page = await readModels.queries.hosts.list()
  expect(page.items).toHaveLength(1)
  expect(page.items[0]?.registeredAt).toBe(at)
  expect(page.position).toBe(position)
  for (const { name } of readModels.status()) {
    expect(await readModels.verify(name)).toMatchObject({ projection: name, equal: true, different: 0 })
  }
})
