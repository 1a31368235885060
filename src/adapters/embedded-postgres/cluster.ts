/**
 * The cluster of a data directory: made once, by copying a template that was initialised once. It appears under its name only when it is
 * complete and on the disk, so a kill at any moment leaves either no cluster or a whole one.
 */
import { chmod, chown, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { copyTree } from './copy-tree.ts'
import { diskFull, EmbeddedPostgresError, saysDiskFull } from './embedded-postgres-error.ts'
import { runProgram } from './run-program.ts'
import type { ServerIdentity } from './server-identity.ts'
import { asArguments, CLUSTER_SETTINGS } from './settings.ts'
import { findTemplate } from './template.ts'

export type ClusterTools = Readonly<{
  binaries: Binaries
  env: NodeJS.ProcessEnv
  identity: ServerIdentity
  signal?: AbortSignal | undefined
}>

/** The owner of the cluster; undefined when there is none yet. */
export async function clusterOwner(directory: string): Promise<number | undefined> {
  return (await lstat(directory).catch(() => undefined))?.uid
}

/** @throws EmbeddedPostgresError `wrong-major-version`, `data-directory-unusable`, `disk-full` */
export async function ensureCluster(directory: string, templateBase: string | undefined, tools: ClusterTools): Promise<void> {
  const { identity } = tools
  if ((await clusterOwner(directory)) === undefined) await makeCluster(directory, templateBase, tools)
  else await checkMajorVersion(directory, tools.binaries)
  if (identity.uid !== undefined && (await clusterOwner(directory)) !== identity.uid) await giveTo(identity.uid, directory)
}

async function makeCluster(directory: string, templateBase: string | undefined, tools: ClusterTools): Promise<void> {
  const { binaries, env, identity, signal } = tools
  const unfinished = `${directory}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const template = await findTemplate(templateBase, tools)
  if (template !== undefined) await copyTree(template, unfinished)
  else await initialise(unfinished, tools)
  if (identity.uid !== undefined) await giveTo(identity.uid, unfinished)
  await must([...identity.prefix, binaries.initdb, '--sync-only', '--pgdata', unfinished], { env, signal }, unfinished)
  await rename(unfinished, directory)
  await syncDirectory(dirname(directory))
}

/** Runs initdb into a directory that does not exist yet; nothing is flushed to the disk. */
export async function initialise(directory: string, { binaries, env, identity, signal }: ClusterTools): Promise<void> {
  // The server's identity may not be allowed to create the directory itself.
  await mkdir(directory, { mode: 0o700 })
  if (identity.uid !== undefined) await chown(directory, identity.uid, identity.uid)
  const options = [
    '--pgdata',
    directory,
    '--username',
    SUPERUSER,
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-sync',
    '--no-instructions',
  ]
  // The built-in locale sorts by code point in every release and on every machine, so no index ever depends on a C library.
  const locale = ['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8']
  await must(
    [...identity.prefix, binaries.initdb, ...options, ...locale, ...asArguments('--set', CLUSTER_SETTINGS)],
    { env, signal },
    directory,
  )
}

export const SUPERUSER = 'steward'

async function must(
  command: readonly string[],
  options: { env: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
  directory: string,
): Promise<void> {
  const [program = '', ...args] = command
  const { exitCode, output } = await runProgram([program, ...args], options)
  if (exitCode === 0) return
  if (saysDiskFull(output)) throw diskFull(directory, new Error(output))
  throw new EmbeddedPostgresError({ rule: 'start-failed', says: `the database could not be initialised in ${directory}: ${output.trim()}` })
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
  await chown(path, uid, uid)
  for (const entry of await readdir(path, { recursive: true })) await chown(join(path, entry), uid, uid)
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
