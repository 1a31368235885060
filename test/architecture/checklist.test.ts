/** docs/checklist.md: complete, and nothing in it points at what is not there. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(ROOT, 'docs', 'checklist.md'), 'utf8')
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))

type Row = Readonly<{ id: string; status: string; says: string }>
const rows: readonly Row[] = [...text.matchAll(/^\| ([A-Z]\d\d) \| .+? \| \*(\w+)\* \| (.+) \|$/gm)].map(
  ([, id = '', status = '', says = '']) => ({
    id,
    status,
    says,
  }),
)

const quoted = ({ says }: Row): readonly string[] => [...says.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
const files = (row: Row): readonly string[] => quoted(row).filter((word) => /^(test|docs|src)\//.test(word))
const commands = (row: Row): readonly string[] => quoted(row).flatMap((word) => /^npm run (\S+)$/.exec(word)?.[1] ?? [])

const span = (letter: string, from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${letter}${String(from + index).padStart(2, '0')}`)

test('every item of the three documents has its row, once, in order', () => {
  expect(rows.map(({ id }) => id)).toStrictEqual([
    ...[span('G', 1, 48), span('G', 51, 53), span('G', 58, 58), span('G', 62, 68)].flat(),
    ...[span('E', 3, 7), span('E', 11, 24), span('E', 28, 34), span('E', 37, 46), span('E', 51, 52)].flat(),
    ...span('T', 1, 59),
  ])
})

test('what is done is shown by a test or a command; what is not, says why', () => {
  const bare = rows.filter((row) => {
    if (row.status === 'done') return files(row).length + commands(row).length === 0
    return (row.status !== 'replaced' && row.status !== 'open') || row.says.length < 6
  })
  expect(bare).toStrictEqual([])
})

test('every file and every command that is named exists', () => {
  const missing = rows.flatMap((row) => [
    ...files(row).filter((path) => !existsSync(join(ROOT, path))),
    ...commands(row).filter((name) => scripts[name] === undefined),
  ])
  expect(missing).toStrictEqual([])
})

test('the sums above the tables are those of the tables', () => {
  const sums = [...text.matchAll(/^(\d+) done, (\d+) replaced, (\d+) open\.$/gm)].map((sum) => sum.slice(1).map(Number))
  const of = (letter: string): readonly number[] =>
    ['done', 'replaced', 'open'].map((status) => rows.filter((row) => row.id.startsWith(letter) && row.status === status).length)
  expect(sums).toStrictEqual(['G', 'E', 'T'].map(of))
})
