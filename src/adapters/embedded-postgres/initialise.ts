/** Runs initdb: the settings and the one superuser that every cluster of ours begins with. Nothing is flushed to the disk here. */
import { chown, mkdir } from 'node:fs/promises'
import type { Binaries } from './binaries.ts'
import { diskFull, EmbeddedPostgresError, saysDiskFull } from './embedded-postgres-error.ts'
import { runProgram } from './run-program.ts'
import type { ServerIdentity } from './server-identity.ts'
import { asArguments, CLUSTER_SETTINGS } from './settings.ts'

export type ClusterTools = Readonly<{
  binaries: Binaries
  env: NodeJS.ProcessEnv
  identity: ServerIdentity
  signal?: AbortSignal | undefined
}>

export const SUPERUSER = 'steward'

/** `directory` must not exist. */
export async function initialise(directory: string, tools: ClusterTools): Promise<void> {
  const { uid } = tools.identity
  // The server's identity may not be allowed to create the directory itself.
  await mkdir(directory, { mode: 0o700 })
  if (uid !== undefined) await chown(directory, uid, uid)
  // Who reaches the socket is the owner: its directory is closed to everybody else. A password would only be one more thing to leak.
  const access = ['--username', SUPERUSER, '--auth', 'trust']
  // The built-in locale sorts by code point in every release and on every machine, so no index ever depends on a C library.
  const text = ['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8']
  await runInitdb(directory, ['--no-sync', '--no-instructions', ...access, ...text, ...asArguments('--set', CLUSTER_SETTINGS)], tools)
}

/** @throws EmbeddedPostgresError `disk-full`, `start-failed` */
export async function runInitdb(
  directory: string,
  args: readonly string[],
  { binaries, env, identity, signal }: ClusterTools,
): Promise<void> {
  const [program, ...rest] = [...identity.prefix, binaries.initdb, '--pgdata', directory, ...args]
  const { exitCode, output } = await runProgram([program ?? binaries.initdb, ...rest], { env, signal })
  if (exitCode === 0) return
  if (saysDiskFull(output)) throw diskFull(directory, new Error(output))
  throw new EmbeddedPostgresError({ rule: 'start-failed', says: `the database could not be initialised in ${directory}: ${output.trim()}` })
}
