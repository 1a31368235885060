/** A data directory has one owner, whoever else tries; and a dead owner is never in the way. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { holdDataDirectory } from '../../../src/adapters/embedded-postgres/hold-data-directory.ts'
import { query, scratch, startOwner } from './support.ts'

test('a second owner is refused at once, with the process that holds the directory', async () => {
  const dataDir = await scratch()
  const owner = startOwner([dataDir])
  await owner.ready()
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
    rule: 'data-directory-in-use',
    ownerPid: owner.child.pid,
    message: expect.stringContaining(`in use by process ${owner.child.pid}`),
  })
})

test('the same process is refused as well', async () => {
  const dataDir = await scratch()
  await using _database = await startEmbeddedPostgres({ dataDir })
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({ rule: 'data-directory-in-use', ownerPid: process.pid })
})

test('a directory that is held is refused to others; its own database starts in it, and leaves it held', async () => {
  const dataDir = await scratch()
  const lock = await holdDataDirectory({ dataDir })
  const refused = { rule: 'data-directory-in-use', ownerPid: process.pid }
  await expect(holdDataDirectory({ dataDir })).rejects.toMatchObject(refused)
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject(refused)
  await (await startEmbeddedPostgres({ dataDir, lock })).stop()
  await expect(holdDataDirectory({ dataDir })).rejects.toMatchObject(refused)
  await lock.release()
  await (await holdDataDirectory({ dataDir })).release()
})

test('of eight owners at once exactly one wins, and the others name it', async () => {
  const dataDir = await scratch()
  const owners = Array.from({ length: 8 }, () => startOwner([dataDir]))
  const said = await Promise.all(owners.map((owner) => owner.next()))
  const winners = owners.filter((_, index) => said[index]?.kind === 'ready')
  expect(winners).toHaveLength(1)
  const refusals = said.filter((each) => each.kind === 'refused')
  expect(refusals.map(({ rule, ownerPid }) => ({ rule, ownerPid }))).toEqual(
    Array.from({ length: 7 }, () => ({ rule: 'data-directory-in-use', ownerPid: winners[0]?.child.pid })),
  )
})

test('an owner killed with -9 is followed at once, while its server is still shutting down', async () => {
  const dataDir = await scratch()
  for (let round = 0; round < 3; round += 1) {
    const owner = startOwner([dataDir])
    await owner.ready()
    await owner.kill('SIGKILL')
  }
  await using database = await startEmbeddedPostgres({ dataDir })
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a process id that was given to somebody else does not count as the owner', async () => {
  const dataDir = await scratch()
  await (await startEmbeddedPostgres({ dataDir })).stop()
  const record = JSON.parse(await readFile(join(dataDir, 'owner.lock'), 'utf8'))
  await writeFile(join(dataDir, 'owner.lock'), JSON.stringify({ ...record, start: 'another boot/1' }))
  await (await startEmbeddedPostgres({ dataDir })).stop()
})

test('a record that was cut off does not keep anybody out', async () => {
  const dataDir = await scratch()
  await writeFile(join(dataDir, 'owner.lock'), '{"pid":1')
  await (await startEmbeddedPostgres({ dataDir })).stop()
})
