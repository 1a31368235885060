import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createStopFile } from '../../../src/adapters/stop-file/stop-file.ts'

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'stop-file-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('it is there or not, with its path and since when', async () => {
  const dataDir = directory()
  const stopFile = createStopFile({ dataDir })
  expect(await stopFile.present()).toBeUndefined()
  const before = Date.now()
  const path = join(dataDir, 'healing.stop')
  writeFileSync(path, '')
  const present = await stopFile.present()
  expect(present).toEqual({ path, since: expect.stringMatching(/^\d{4}-/) })
  // A file system keeps coarser time than the clock.
  expect(Math.abs(Date.parse(present?.since ?? '') - before)).toBeLessThan(5_000)
  rmSync(path)
  expect(await stopFile.present()).toBeUndefined()
})

test('a directory that cannot be looked into stops healing, and nobody knows since when', async () => {
  const dataDir = join(directory(), 'a file')
  writeFileSync(dataDir, '')
  expect(await createStopFile({ dataDir }).present()).toEqual({ path: join(dataDir, 'healing.stop'), since: null })
})
