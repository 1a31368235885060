/** The template saves time and nothing else: without it, with a foreign one, and with many starters at once the result is the same. */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/embedded-postgres.ts'
import { query, scratch } from './support.ts'

const start = async (templateBase: string | false): Promise<void> => {
  await using database = await startEmbeddedPostgres({ dataDir: await scratch(), templateBase })
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
}

test('four starters at once make one template, whole, and leave nothing else', async () => {
  const base = await scratch()
  await Promise.all(Array.from({ length: 4 }, () => start(base)))
  const [template, ...others] = await readdir(base)
  expect(others).toEqual([])
  expect(await readFile(join(base, template ?? '', 'PG_VERSION'), 'utf8')).toBe('18\n')
})

test('no template is needed', () => start(false))

test('where none can be kept, none is kept', async () => {
  const base = await scratch()
  await writeFile(join(base, 'file'), '')
  await start(join(base, 'file', 'below'))
})

test('one that others may have written is not used', async () => {
  const base = await scratch()
  await start(base)
  const [template = ''] = await readdir(base)
  await writeFile(join(base, template, 'PG_VERSION'), '17\n')
  await chmod(join(base, template), 0o777)
  await start(base)
})

test('a half-made template of a maker that was killed is not mistaken for one', async () => {
  const base = await scratch()
  await start(base)
  const [template = ''] = await readdir(base)
  await mkdir(join(base, `${template}.half`))
  await start(base)
})
