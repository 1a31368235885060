/**
 * What the doctor sees of the database: not whether some PostgreSQL could run here, but whether this one runs over the data that is there. A Steward
 * that runs with the same data has it locked; then that one answers for it.
 */
import type { Config } from '../../config.ts'
import type { DatabaseFacts, LocalServices } from '../local-services.ts'
import { duration } from '../screen/moment.ts'
import { type Finding, fail, ok, reasonOf } from './check.ts'

const PATIENCE_MS = 60_000
const OLDEST_MAJOR = 14

export type DatabaseOptions = Readonly<{
  config: Config
  local: LocalServices /** Steward answers where this configuration has it listen. */
  isRunning: boolean
}>

export async function checkDatabase({ config, local, isRunning }: DatabaseOptions): Promise<Finding> {
  const { databaseUrl, dataDir, namespace } = config
  const signal = AbortSignal.timeout(PATIENCE_MS)
  if (databaseUrl.kind !== 'embedded') return checkOwn(() => local.askDatabase({ url: databaseUrl.url.reveal(), namespace }, signal))
  const beganMs = performance.now()
  try {
    const facts = await local.tryEmbeddedDatabase({ dataDir, namespace }, signal)
    return (
      newer(facts) ??
      ok('database', `the embedded PostgreSQL ${facts.version} runs here; tried in ${duration(performance.now() - beganMs)}`)
    )
  } catch (error) {
    const rule = typeof error === 'object' && error !== null && 'rule' in error ? String(error.rule) : ''
    if (rule === 'data-directory-in-use' && isRunning) return ok('database', 'the embedded PostgreSQL, in use by the Steward that answers')
    return fail('database', `the embedded PostgreSQL does not run here: ${reasonOf(error).replaceAll('\n', ' ')}`, adviceFor(rule))
  }
}

function adviceFor(rule: string): string {
  switch (rule) {
    case 'data-directory-in-use':
      return 'Steward runs with this data already, but not where it was looked for: set STEWARD_URL to the address in its log, or stop it.'
    case 'wrong-major-version':
      return 'Start the release of Steward that made it, or name another directory with --data-dir.'
    case 'data-directory-unusable':
    case 'start-failed':
      return 'Put the data directory back from a backup. Without one, move it aside: Steward begins with an empty log in a new one.'
    case 'disk-full':
      return 'Free at least 100 MB on the disk of the data directory.'
    default:
      return 'Do as it says, or set STEWARD_DATABASE_URL to a PostgreSQL of your own.'
  }
}

async function checkOwn(ask: () => Promise<DatabaseFacts>): Promise<Finding> {
  try {
    const facts = await ask()
    const { version, encoding } = facts
    if (Number.parseInt(version, 10) < OLDEST_MAJOR)
      return fail(
        'database',
        `PostgreSQL ${version}`,
        `At least version ${OLDEST_MAJOR} is needed: upgrade it, or set STEWARD_DATABASE_URL to another.`,
      )
    if (encoding !== 'UTF8')
      return fail(
        'database',
        `its encoding is ${encoding}`,
        `create database steward encoding 'UTF8' template template0, and name that one.`,
      )
    return newer(facts) ?? ok('database', `PostgreSQL ${version} answers`)
  } catch (error) {
    return fail(
      'database',
      `it does not answer: ${reasonOf(error)}`,
      'Check STEWARD_DATABASE_URL, and whether the server accepts this machine.',
    )
  }
}

const newer = ({ unknownMigrations: unknown }: DatabaseFacts): Finding | undefined =>
  unknown.length === 0
    ? undefined
    : fail(
        'database',
        `its schema was made by a newer Steward: this one does not know ${unknown.join(', ')}`,
        'Start that release again, or another --namespace or --data-dir; there is no way back to an older schema.',
      )
