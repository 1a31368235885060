/**
 * Secrets from files below the secret directories and from allow-listed environment variables; from nowhere else. A reference may come
 * through the API, so it must not be a way to read any other file of the machine, nor to learn which files there are.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { isAbsolute, resolve, sep } from 'node:path'
import { Secret, type SecretReference, type Secrets, SecretUnavailable } from '../../domain/ports/secrets.ts'

export type SecretsOptions = Readonly<{
  /** Absolute. A relative name is looked up in the first. */
  directories: readonly string[]
  environment: Readonly<Record<string, string | undefined>>
  /** Names that an `env:` reference may give. Default: none. */
  allowedVariables?: readonly string[]
  /** Told of every secret that was read, before anybody else has it: the scrubber of the log. */
  onResolved?: (secret: Secret) => void
}>

export function createSecrets({ directories, environment, allowedVariables = [], onResolved }: SecretsOptions): Secrets {
  const variable = (reference: SecretReference, name: string): string => {
    if (!allowedVariables.includes(name)) throw new SecretUnavailable({ reference, rule: 'not-allow-listed' })
    const value = environment[name]
    if (value === undefined || value === '') throw new SecretUnavailable({ reference, rule: 'missing' })
    return value
  }
  return {
    async resolve(reference) {
      const [, scheme, rest = ''] = /^(file|env):(.+)$/s.exec(reference) ?? []
      if (scheme === undefined) throw new SecretUnavailable({ reference, rule: 'missing' })
      const secret = new Secret(scheme === 'env' ? variable(reference, rest) : await readSecretFile(reference, rest, directories))
      onResolved?.(secret)
      return secret
    },
  }
}

async function readSecretFile(reference: SecretReference, name: string, directories: readonly string[]): Promise<string> {
  const [first] = directories
  if (first === undefined || name.includes('\0')) throw new SecretUnavailable({ reference, rule: 'outside-secret-directories' })
  const path = isAbsolute(name) ? resolve(name) : resolve(first, name)
  const realDirectories = await Promise.all(directories.map((directory) => realpath(directory).catch(() => directory)))
  // Before anything is touched: whether a file outside exists is nobody's business.
  if (!isBelow(path, [...directories, ...realDirectories])) throw new SecretUnavailable({ reference, rule: 'outside-secret-directories' })
  const real = await realpath(path).catch((cause: unknown) => {
    throw new SecretUnavailable({ reference, rule: 'missing', cause })
  })
  if (!isBelow(real, realDirectories)) throw new SecretUnavailable({ reference, rule: 'outside-secret-directories' })
  await using file = await openPlainly(reference, real)
  // What was opened is what is judged and read; the name may stand for something else by now.
  const { mode } = await inspect(reference, file)
  if ((mode & OTHERS) !== 0) throw new SecretUnavailable({ reference, rule: 'readable-by-others' })
  const text = await file.readFile('utf8')
  // Editors and `echo` end a file with a line feed that is no part of the secret.
  const value = text.replace(/\r?\n$/, '')
  if (value === '') throw new SecretUnavailable({ reference, rule: 'missing' })
  return value
}

/** Read or write for everybody. */
const OTHERS = 0o006

const isBelow = (path: string, directories: readonly string[]): boolean =>
  directories.some((directory) => path.startsWith(directory.endsWith(sep) ? directory : directory + sep))

/** No link in place of the file that was just checked, and no waiting for the writer of a pipe. */
const openPlainly = (reference: SecretReference, path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw new SecretUnavailable({ reference, rule: errorCode(cause) === 'ENXIO' ? 'not-a-regular-file' : 'missing', cause })
  })

async function inspect(reference: SecretReference, file: FileHandle): Promise<{ mode: number }> {
  const stats = await file.stat()
  if (!stats.isFile()) throw new SecretUnavailable({ reference, rule: 'not-a-regular-file' })
  return stats
}

const errorCode = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
