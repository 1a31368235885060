/** What cannot work is refused with a rule, the facts, and what to do; and leaves no process and no lock behind. */
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findBinaries } from '../../../src/adapters/embedded-postgres/binaries.ts'
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { scratch } from './support.ts'

const made = async (): Promise<string> => {
  const dataDir = await scratch()
  await (await startEmbeddedPostgres({ dataDir })).stop()
  return dataDir
}

test('a cluster of another major version, with both versions', async () => {
  const dataDir = await made()
  await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '17\n')
  const start = startEmbeddedPostgres({ dataDir })
  await expect(start).rejects.toMatchObject({ rule: 'wrong-major-version' })
  await expect(start).rejects.toThrow(/PostgreSQL 17, and this Steward brings PostgreSQL 18/)
})

/** /dev/full answers every write as a full disk does, on every machine and for every user. */
test('a full disk that the server meets', async () => {
  const dataDir = await made()
  const file = join(dataDir, 'cluster', 'postmaster.opts')
  await rm(file, { force: true })
  await symlink('/dev/full', file)
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({ rule: 'disk-full', message: expect.stringContaining(dataDir) })
  await rm(file)
  await (await startEmbeddedPostgres({ dataDir })).stop()
})

test('a full disk that the launcher meets', async () => {
  const dataDir = await scratch()
  await symlink('/dev/full', join(dataDir, 'owner.lock'))
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({ rule: 'disk-full' })
})

test('a data directory that is a file, or lies below one', async () => {
  const file = join(await scratch(), 'file')
  await writeFile(file, '')
  await expect(startEmbeddedPostgres({ dataDir: file })).rejects.toMatchObject({ rule: 'data-directory-unusable' })
  await expect(startEmbeddedPostgres({ dataDir: join(file, 'data') })).rejects.toMatchObject({ rule: 'data-directory-unusable' })
})

test('a cluster directory that is no cluster; nothing in it is touched', async () => {
  const dataDir = await scratch()
  await mkdir(join(dataDir, 'cluster'))
  await writeFile(join(dataDir, 'cluster', 'precious'), 'x')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({ rule: 'data-directory-unusable' })
  expect(await readdir(join(dataDir, 'cluster'))).toEqual(['precious'])
})

test('a damaged cluster, with what the server said about it', async () => {
  const dataDir = await made()
  await writeFile(join(dataDir, 'cluster', 'global', 'pg_control'), 'damaged')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
    rule: 'start-failed',
    message: expect.stringContaining('pg_control'),
  })
})

test('a platform without a package, with what to do instead', async () => {
  await expect(findBinaries('plan9-mips')).rejects.toMatchObject({
    rule: 'platform-unsupported',
    message: expect.stringContaining('STEWARD_DATABASE_URL'),
  })
})
