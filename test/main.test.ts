/** What a start is refused for before anything of it runs. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdDataDirectory } from '../src/adapters/embedded-postgres/hold-data-directory.ts'
import { loadConfig } from '../src/config.ts'
import { startService } from '../src/main.ts'
import { collectLogLines } from './support/log-lines.ts'

test('two Stewards with databases of their own do not share a data directory: the second would end the servers of the first', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'steward-start-'))
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
  await chmod(dataDir, 0o700)
  const lock = await holdDataDirectory({ dataDir })
  onTestFinished(lock.release)
  const { logStream } = collectLogLines()
  const env = { STEWARD_DATA_DIR: dataDir, STEWARD_DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/other', STEWARD_NAMESPACE: 'other' }
  await expect(startService(loadConfig({ env, cwd: dataDir }), { logStream })).rejects.toThrow(
    `${dataDir} is in use by process ${process.pid}; stop that Steward first, or give this one a data directory of its own`,
  )
})
