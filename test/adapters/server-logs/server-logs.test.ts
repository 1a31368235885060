import { appendFile, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createServerLogs } from '../../../src/adapters/server-logs/server-logs.ts'
import { InvalidLogCursor } from '../../../src/domain/ports/server-logs.ts'
import { until } from '../../support/until.ts'

async function open() {
  const directory = await mkdtemp(join(tmpdir(), 'server-logs-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const logs = createServerLogs({ directory, keepLives: 3 })
  const textsOf = async (after?: string, limit = 100) => {
    const { lines, cursor } = await logs.read('files', { limit, after })
    return { texts: lines.map(({ text }) => text), cursor }
  }
  return { directory, logs, textsOf }
}

test('the last lines, then what is written behind them, over the lives that follow', async () => {
  const { logs, textsOf } = await open()
  expect(await textsOf()).toEqual({ texts: [], cursor: ':0' })
  const first = logs.pathOf('files', 'run-1')
  await writeFile(first, 'one\ntwo\r\nthr')
  const begun = await textsOf(undefined, 1)
  expect(begun).toEqual({ texts: ['two'], cursor: 'run-1:9' })
  await appendFile(first, 'ee\nfour')
  const next = await textsOf(begun.cursor)
  expect(next.texts).toEqual(['three'])
  await writeFile(logs.pathOf('files', 'run-2'), 'five\n')
  const after = await textsOf(next.cursor)
  expect(after).toEqual({ texts: ['four', 'five'], cursor: 'run-2:5' })
  expect(await textsOf(after.cursor)).toEqual({ texts: [], cursor: 'run-2:5' })
  expect((await textsOf(':0')).texts).toEqual(['one', 'two', 'three', 'four', 'five'])
  const part = await textsOf(':0', 2)
  expect(part.texts).toEqual(['one', 'two'])
  expect((await textsOf(part.cursor, 2)).texts).toEqual(['three', 'four'])
})

test('a file that has begun anew is read from its beginning', async () => {
  const { logs, textsOf } = await open()
  const path = logs.pathOf('files', 'run-1')
  await writeFile(path, 'a longer line that was there\n')
  const { cursor } = await textsOf()
  await writeFile(path, 'new\n')
  expect((await textsOf(cursor)).texts).toEqual(['new'])
})

test('a line without an end does not hold up what follows, and a link is not followed', async () => {
  const { directory, logs, textsOf } = await open()
  await writeFile(logs.pathOf('files', 'run-1'), Buffer.alloc(300 * 1024, 'x'))
  const { texts } = await textsOf(':0')
  expect(texts.map((text) => text.length)).toEqual([256 * 1024])
  await writeFile(join(directory, 'secret'), 'secret\n')
  await symlink(join(directory, 'secret'), logs.pathOf('other', 'run-1'))
  await expect(logs.read('other', { limit: 1, after: ':0' })).rejects.toMatchObject({ code: 'ELOOP' })
})

test('logs of a server with a longer name are its own', async () => {
  const { logs, textsOf } = await open()
  await writeFile(logs.pathOf('files-2', 'run-1'), 'other\n')
  expect((await textsOf()).texts).toEqual([])
})

test('a cursor that no list made is refused', async () => {
  const { logs } = await open()
  await expect(logs.read('files', { limit: 1, after: '../../etc/passwd' })).rejects.toThrow(InvalidLogCursor)
})

test('the last lives of a server are kept, and no more', async () => {
  const { directory, logs } = await open()
  for (const run of ['run-1', 'run-2', 'run-3', 'run-4']) await writeFile(join(directory, `files.${run}.log`), '')
  await writeFile(join(directory, 'files.run-1.log.1'), '')
  logs.pathOf('files', 'run-5')
  await until(async () => (await readdir(directory)).toSorted().join() === 'files.run-3.log,files.run-4.log')
})
