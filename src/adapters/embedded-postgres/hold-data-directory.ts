/**
 * Holds a data directory for one Steward, whichever database it uses: the programs of its servers are told apart by the directory, so a second
 * Steward in it would take the first one's for left-overs and end them.
 */
import { mkdir, readFile, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { type DataDirectoryLock, lockDataDirectory } from './data-directory-lock.ts'
import { asEmbeddedPostgresError } from './embedded-postgres-error.ts'

export type HoldOptions = Readonly<{
  /** Made when missing. */
  dataDir: string
  signal?: AbortSignal | undefined
  /** How long an embedded database that lost its owner is waited for before it is told to stop; default 10 000, longer than its own supervisor takes. */
  orphanPatienceMs?: number | undefined
}>

/** @throws EmbeddedPostgresError `data-directory-in-use`, or why the directory cannot be used. */
export async function holdDataDirectory(options: HoldOptions): Promise<DataDirectoryLock> {
  try {
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 })
    const dataDir = await realpath(options.dataDir)
    return await lockDataDirectory({
      path: join(dataDir, 'owner.lock'),
      dataDir,
      patienceMs: options.orphanPatienceMs ?? 10_000,
      stopOrphan: () => stopOrphan(join(dataDir, 'cluster')),
      signal: options.signal,
    })
  } catch (error) {
    throw asEmbeddedPostgresError(error, options.dataDir)
  }
}

/** A server whose owner and supervisor were both killed stops for nobody; the next owner stops it, once sure that it is this one. */
async function stopOrphan(cluster: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''), 10)
  if (Number.isNaN(pid)) return
  const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  if (workingDirectory === cluster) process.kill(pid, 'SIGINT')
}
