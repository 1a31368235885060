/**
 * Secrets found as literals, as files below the first secret directory: 0600 in directories of 0700, created exclusively and complete or not at all,
 * and never through a link that leads elsewhere.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, link, lstat, mkdir, open, readdir, readFile, realpath, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { SecretNotKept, type SecretVault } from '../../domain/ports/secret-vault.ts'
import type { Secret, SecretReference } from '../../domain/ports/secrets.ts'

export type SecretVaultOptions = Readonly<{
  /** The secret directories; the first one is written to. */
  directories: readonly string[]
  /** Told of every secret before it is written: the scrubber of the log. */
  onKept?: (secret: Secret) => void
}>

const NAME = /^(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\/){1,3}[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/

export function createSecretVault({ directories, onKept }: SecretVaultOptions): SecretVault {
  const [first] = directories
  return {
    async put(name, value): Promise<SecretReference> {
      const refuse = (rule: SecretNotKept['rule'], cause?: unknown) => new SecretNotKept({ rule, secretName: name, cause })
      if (first === undefined) throw refuse('no-directory')
      if (!NAME.test(name)) throw refuse('invalid-name')
      const text = value.reveal()
      if (text === '') throw refuse('empty')
      onKept?.(value)
      try {
        const folder = await ownFolder(first, dirname(name), refuse)
        // Whoever reads it takes one line feed off its end.
        await writeOnce(join(folder, name.slice(name.lastIndexOf('/') + 1)), text.endsWith('\n') ? `${text}\n` : text, refuse)
      } catch (error) {
        throw error instanceof SecretNotKept ? error : refuse('cannot-write', error)
      }
      return `file:${name}`
    },
    async withdraw(folder) {
      const refuse = (rule: SecretNotKept['rule'], cause?: unknown) => new SecretNotKept({ rule, secretName: folder, cause })
      if (first === undefined) throw refuse('no-directory')
      if (!NAME.test(`${folder}/x`)) throw refuse('invalid-name')
      try {
        const path = join(first, folder)
        const root = await realpath(first)
        if ((await realpath(path)) !== join(root, folder)) throw refuse('outside-secret-directories')
        for (const entry of await readdir(path, { withFileTypes: true })) if (!entry.isDirectory()) await unlink(join(path, entry.name))
        await rmdir(path)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return
        throw error instanceof SecretNotKept ? error : refuse('cannot-write', error)
      }
    },
  }
}

type Refuse = (rule: SecretNotKept['rule'], cause?: unknown) => SecretNotKept

/** The folder of a name, made where it is missing. Each step is a directory of its own, not a link to one. */
async function ownFolder(first: string, folder: string, refuse: Refuse): Promise<string> {
  await mkdir(first, { recursive: true, mode: 0o700 })
  let path = await realpath(first)
  for (const step of folder.split('/')) {
    path = join(path, step)
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    if (!(await lstat(path)).isDirectory()) throw refuse('outside-secret-directories')
    // The mask of the process may have taken rights away, or somebody may have given some.
    await chmod(path, 0o700)
  }
  if ((await realpath(path)) !== path || !path.startsWith(sep)) throw refuse('outside-secret-directories')
  return path
}

/** Written aside and linked under its name, so that the name is taken by the whole secret or by nothing, whenever the process ends. */
async function writeOnce(path: string, text: string, refuse: Refuse): Promise<void> {
  const aside = `${path}.${randomUUID()}.tmp`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  try {
    await using file = await open(aside, flags, 0o600)
    await file.chmod(0o600)
    await file.writeFile(text, 'utf8')
    await file.sync()
    await link(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const there = await lstat(path)
    // A repeat of the same command finds what it put there before.
    if (!there.isFile() || (there.mode & 0o077) !== 0 || (await readFile(path, 'utf8')) !== text) throw refuse('name-taken')
  } finally {
    await unlink(aside).catch(() => undefined)
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
