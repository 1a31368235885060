import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createServersFile, readText } from '../../../src/adapters/servers-file/servers-file.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'steward-servers-'))
  path = join(directory, 'servers.yaml')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const text = `servers:
  - name: files
    enabled: true
    config:
      transport: { kind: stdio, command: npx, args: [-y, server-files@1.2.3] }
`

test('a file in YAML describes servers as a bundle does, and so does one in JSON', async () => {
  writeFileSync(path, text)
  const read = await createServersFile({ path }).read()
  expect(read.problems).toStrictEqual([])
  expect(read.servers).toMatchObject([{ name: 'files', enabled: true, config: { displayName: 'files', callTimeoutMs: 30_000 } }])
  expect(readText(JSON.stringify({ servers: read.servers }))).toStrictEqual(read)
})

const bomb = `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]\n`).join('')}servers: []`

test.each([
  ['servers: [', 'line 1 not-yaml'],
  ['servers: &a [*a]', 'servers.0 type'],
  [bomb, ' not-yaml'],
  ['['.repeat(50_000), 'line 1 not-yaml'],
  ['servers: []\nserver: []', 'server unknown-member'],
  ['- x', 'servers missing'],
  [`${text}      callTimeout: 5\n`, 'servers.0.config.callTimeout unknown-member'],
])('case %# is a problem by its place: $1', (given, problem) => {
  expect(readText(given).problems.map(({ path, rule }) => `${path} ${rule}`)).toContain(problem)
})

test('a problem has its line, and a parser that stumbles repeats nothing of the file', () => {
  expect(readText(`${text}      callTimeout: 5\n`).problems).toMatchObject([{ says: expect.stringContaining('(line 6)') }])
  expect(JSON.stringify(readText('servers:\n  - token: "CANARY\n'))).not.toContain('CANARY')
})

test('a file that is not there, or is too large, describes nothing and says why', async () => {
  expect(await createServersFile({ path }).read()).toMatchObject({ servers: [], problems: [{ rule: 'missing' }] })
  writeFileSync(path, '')
  truncateSync(path, 1024 ** 3)
  expect(await createServersFile({ path }).read()).toMatchObject({ servers: [], problems: [{ rule: 'too-large' }] })
})

test('a change is told once, also when an editor puts a new file in its place, and no longer than the signal says', async () => {
  writeFileSync(path, text)
  const stop = new AbortController()
  const file = createServersFile({ path, settleMs: 20 })
  const changes = file.changes(stop.signal)[Symbol.asyncIterator]()
  const first = changes.next()
  writeFileSync(join(directory, 'other'), 'x')
  writeFileSync(join(directory, 'new'), text.replace('files', 'notes'))
  renameSync(join(directory, 'new'), path)
  expect(await first).toMatchObject({ done: false })
  expect((await file.read()).servers).toMatchObject([{ name: 'notes' }])
  const end = changes.next()
  stop.abort()
  await end
  expect(await changes.next()).toMatchObject({ done: true })
})
