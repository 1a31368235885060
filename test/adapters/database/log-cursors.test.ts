/** Cursors come back as they were saved, per target and path. */
import { expect, test } from 'vitest'
import { createLogCursors } from '../../../src/adapters/database/log-cursors.ts'
import type { LogCursor } from '../../../src/domain/ports/remote-host.ts'
import { withPostgres } from './support.ts'

const postgres = withPostgres()

const cursor = (offset: number): LogCursor => ({
  generation: `gen-${offset}`,
  device: '66306',
  inode: '18446744073709551615',
  offset,
  head: { lengthBytes: 64, sha256: 'ab'.repeat(32) },
})

test('what was saved last is loaded, for each target and path by itself', async () => {
  const cursors = createLogCursors((await postgres.database()).kysely)
  await cursors.save('t-1', '/var/log/a.log', cursor(1))
  await cursors.save('t-1', '/var/log/b.log', cursor(2))
  await cursors.save('t-2', '/var/log/a.log', cursor(3))
  await cursors.save('t-1', '/var/log/a.log', cursor(9_007_199_254_740_991))

  expect(await cursors.load('t-1', '/var/log/a.log')).toEqual(cursor(9_007_199_254_740_991))
  expect(await cursors.load('t-1', '/var/log/b.log')).toEqual(cursor(2))
  expect(await cursors.load('t-2', '/var/log/a.log')).toEqual(cursor(3))
  expect(await cursors.load('t-2', '/var/log/b.log')).toBeUndefined()
})

test('a forgotten target has none, others keep theirs', async () => {
  const cursors = createLogCursors((await postgres.database()).kysely)
  await cursors.save('t-1', '/a', cursor(1))
  await cursors.save('t-1', '/b', cursor(1))
  await cursors.save('t-2', '/a', cursor(2))
  await cursors.forget('t-1')
  expect(await cursors.load('t-1', '/a')).toBeUndefined()
  expect(await cursors.load('t-1', '/b')).toBeUndefined()
  expect(await cursors.load('t-2', '/a')).toEqual(cursor(2))
})
