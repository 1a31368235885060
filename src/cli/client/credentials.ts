/**
 * Where Steward is, and with which key to go there. A key comes from the environment or from a file, never from the command line, where everybody
 * on the machine could read it. With neither, the key that `up` left in the data directory serves - but only towards this machine.
 */
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ConfigInvalid, loadConfig } from '../../config.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'

export type Credentials = Readonly<{ url: string; key: string | undefined; warnings: readonly string[] }>

export type Whereabouts = Readonly<{ url?: string; apiKeyFile?: string; dataDir?: string }>

export const DEFAULT_URL = 'http://127.0.0.1:8080'

/** As the service writes it at its first start. */
const ADMIN_KEY_FILE = 'admin.key'

type Surroundings = Readonly<{ env: Readonly<Record<string, string | undefined>>; cwd: string }>

export async function findCredentials(flags: Whereabouts, { env, cwd }: Surroundings): Promise<Credentials> {
  const url = urlOf(flags.url ?? given(env, 'STEWARD_URL') ?? DEFAULT_URL)
  const warnings: string[] = []
  const key = await findKey(url, flags, { env, cwd }, warnings)
  if (key !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    warnings.push(`the key travels unencrypted to ${url.host}; use https`)
  }
  return { url: url.href.replace(/\/$/, ''), key, warnings }
}

async function findKey(url: URL, flags: Whereabouts, { env, cwd }: Surroundings, warnings: string[]): Promise<string | undefined> {
  // What was said last and closest counts: the flag, then the variables.
  if (flags.apiKeyFile === undefined) {
    const key = given(env, 'STEWARD_API_KEY')
    if (key !== undefined) return checked(key.trim(), 'STEWARD_API_KEY')
  }
  const file = flags.apiKeyFile ?? given(env, 'STEWARD_API_KEY_FILE')
  if (file !== undefined) return readKey(resolve(cwd, file), warnings)
  // The admin key of this directory is no business of another machine.
  if (!isLoopback(url.hostname)) return undefined
  const own = join(dataDirOf(flags, { env, cwd }), ADMIN_KEY_FILE)
  const isThere = await stat(own).then(
    () => true,
    () => false,
  )
  return isThere ? readKey(own, warnings) : undefined
}

/** Where the service would have it; a configuration file that is wrong is the service's affair. */
function dataDirOf({ dataDir }: Whereabouts, { env, cwd }: Surroundings): string {
  const said = dataDir ?? given(env, 'STEWARD_DATA_DIR')
  if (said !== undefined || given(env, 'STEWARD_CONFIG') === undefined) return resolve(cwd, said ?? '.steward')
  try {
    return loadConfig({ env, cwd }).config.dataDir
  } catch (error) {
    if (error instanceof ConfigInvalid) return resolve(cwd, '.steward')
    throw error
  }
}

async function readKey(file: string, warnings: string[]): Promise<string> {
  try {
    const { mode } = await stat(file)
    if ((mode & 0o077) !== 0) warnings.push(`others on this machine may read ${file}; chmod 600 it`)
    return checked((await readFile(file, 'utf8')).trim(), file)
  } catch (error) {
    if (error instanceof CliError) throw error
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new CliError(`the key file ${file} cannot be read (${why})`, { exitCode: exitCode.auth })
  }
}

/** A header takes visible ASCII only; anything else is a wrong file, and its content must not be shown. */
function checked(key: string, place: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(key)) return key
  throw new CliError(`${place} holds no key: it must be one line of visible ASCII`, { exitCode: exitCode.auth })
}

function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usageError(`STEWARD_URL: must be an http or https URL, not ${JSON.stringify(text)}`)
  if (url.username !== '' || url.password !== '') {
    throw usageError('STEWARD_URL: must not hold a user or password', 'Give the key with STEWARD_API_KEY or STEWARD_API_KEY_FILE.')
  }
  return url
}

/** An empty variable is how a compose file says "not set". */
const given = (env: Surroundings['env'], name: string): string | undefined => {
  const value = env[name]
  return value === undefined || value === '' ? undefined : value
}

export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host)
