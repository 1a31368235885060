/**
 * Where the server's socket lies: a directory that only its owner may enter, with a path that fits into the kernel's 107 bytes.
 * The directory is the whole access control: the server trusts whoever reaches the socket, and only the owner (and root) can.
 */
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export type SocketDirectory = Readonly<{
  path: string
  /** Lies outside the data directory, so it is removed when the server has stopped. */
  isTemporary: boolean
}>

/**
 * Only for the owner of the data directory, and when no server runs there: what a killed server left in the way is removed.
 * @throws EmbeddedPostgresError `socket-path-too-long`, `socket-directory-unsafe`
 */
export async function makeSocketDirectory({
  dataDir,
  serverUid,
  shortBase = defaultShortBase(),
}: SocketDirectoryOptions): Promise<SocketDirectory> {
  const inside = join(dataDir, 'socket')
  // Derived from the data directory, so that the path stays the same over restarts.
  const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
  const outside = join(shortBase, `steward-${digest}`)
  const directory: SocketDirectory | undefined = fits(inside)
    ? { path: inside, isTemporary: false }
    : fits(outside)
      ? { path: outside, isTemporary: true }
      : undefined
  if (directory === undefined) {
    throw new EmbeddedPostgresError({
      rule: 'socket-path-too-long',
      says:
        `the path of the database socket is too long: ${socketPath(inside)} and ${socketPath(outside)} are over ${LONGEST_SOCKET_PATH_BYTES} bytes. ` +
        'Choose a shorter STEWARD_DATA_DIR, or set TMPDIR to a short directory.',
    })
  }
  await makePrivate(directory.path, serverUid)
  for (const name of [SOCKET, `${SOCKET}.lock`]) await rm(join(directory.path, name), { force: true })
  return directory
}

export type SocketDirectoryOptions = Readonly<{ dataDir: string; serverUid: number; shortBase?: string }>

/** `sun_path` has 108 bytes on Linux and 104 on macOS, with the final NUL. */
const LONGEST_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103

const SOCKET = '.s.PGSQL.5432'
const socketPath = (directory: string): string => join(directory, SOCKET)
const fits = (directory: string): boolean => Buffer.byteLength(socketPath(directory)) <= LONGEST_SOCKET_PATH_BYTES
const defaultShortBase = (): string => process.env['XDG_RUNTIME_DIR'] || tmpdir()

/** The temporary directory is everybody's: whatever is there already must be ours, a directory, and closed to others. */
async function makePrivate(path: string, serverUid: number): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
  const stat = await lstat(path)
  const ours = [process.getuid?.(), serverUid]
  if (!stat.isDirectory() || !ours.includes(stat.uid)) {
    throw new EmbeddedPostgresError({
      rule: 'socket-directory-unsafe',
      says: `${path} is not a directory of ours; remove it and start again`,
    })
  }
  await chmod(path, 0o700)
  if (process.getuid?.() === 0) await chown(path, serverUid, serverUid)
}
