/**
 * The cluster of a data directory: made once, by copying a template that was initialised once. It appears under its name only when it is
 * complete and on the disk, so a kill at any moment leaves either no cluster or a whole one.
 */
import { chmod, chown, lstat, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { copyTree } from './copy-tree.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import type { ClusterTools } from './initialise.ts'
import { initialise, runInitdb } from './initialise.ts'
import { findTemplate } from './template.ts'

/** The owner of the cluster; undefined when there is none yet. */
export async function clusterOwner(directory: string): Promise<number | undefined> {
  return (await lstat(directory).catch(() => undefined))?.uid
}

/** @throws EmbeddedPostgresError `wrong-major-version`, `data-directory-unusable`, `disk-full` */
export async function ensureCluster(directory: string, templateBase: string | undefined, tools: ClusterTools): Promise<void> {
  const owner = await clusterOwner(directory)
  if (owner === undefined) return makeCluster(directory, templateBase, tools)
  await checkMajorVersion(directory, tools.binaries)
  if (tools.identity.uid !== undefined && owner !== tools.identity.uid) await giveTo(tools.identity.uid, directory)
}

async function makeCluster(directory: string, templateBase: string | undefined, tools: ClusterTools): Promise<void> {
  const unfinished = `${directory}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const template = await findTemplate(templateBase, tools)
  if (template !== undefined) await copyTree(template, unfinished)
  else await initialise(unfinished, tools)
  if (tools.identity.uid !== undefined) await giveTo(tools.identity.uid, unfinished)
  await runInitdb(unfinished, ['--sync-only'], tools)
  await rename(unfinished, directory)
  await syncDirectory(dirname(directory))
}

async function checkMajorVersion(directory: string, { major }: Binaries): Promise<void> {
  const found = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (found === undefined) {
    throw new EmbeddedPostgresError({
      rule: 'data-directory-unusable',
      says: `${directory} is no PostgreSQL cluster: it has no PG_VERSION`,
    })
  }
  if (found.trim() === major) return
  throw new EmbeddedPostgresError({
    rule: 'wrong-major-version',
    says:
      `${directory} was made by PostgreSQL ${found.trim()}, and this Steward brings PostgreSQL ${major}, which cannot read it. ` +
      'Start the Steward release that made it, or choose another data directory; to move the data, dump it with the old release.',
  })
}

async function giveTo(uid: number, path: string): Promise<void> {
  const entries = await readdir(path, { recursive: true })
  await Promise.all([path, ...entries.map((entry) => join(path, entry))].map((each) => chown(each, uid, uid)))
  await chmod(path, 0o700)
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
