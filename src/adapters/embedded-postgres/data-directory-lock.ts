/**
 * One owner per data directory. The kernel's lock on an open file is the truth: it dies with its holder, however the holder dies, and
 * holds across containers. The server inherits the descriptor, so the directory stays locked until the last process has left it.
 * The record in the file only tells whom to name: the owner by process id and start time.
 */
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { processStart } from './process-start.ts'
import { runProgram } from './run-program.ts'

export type DataDirectoryLock = Readonly<{
  /** For the server to inherit. */
  fd: number
  release(): Promise<void>
}>

export type LockOptions = Readonly<{
  path: string
  dataDir: string
  /** How long a server without an owner may take to shut down before `stopOrphan` is called, and again after that. */
  patienceMs: number
  stopOrphan: () => Promise<void>
  signal?: AbortSignal | undefined
}>

/**
 * Takes the lock. A living owner is refused at once; the server of a dead owner is waited for.
 * @throws EmbeddedPostgresError `data-directory-in-use`
 */
export async function lockDataDirectory({ path, dataDir, patienceMs, stopOrphan, signal }: LockOptions): Promise<DataDirectoryLock> {
  let waitUntilMs = performance.now() + patienceMs
  let orphanStopped = false
  for (;;) {
    const file = await tryLock(path)
    if (file !== undefined) return own(file, path)

    const owner = await readOwner(path)
    if (owner !== undefined && (await processStart(owner.pid)) === owner.start) throw inUse(dataDir, owner)
    if (performance.now() > waitUntilMs) {
      if (orphanStopped) throw stillHeld(dataDir, owner)
      await stopOrphan()
      orphanStopped = true
      waitUntilMs = performance.now() + patienceMs
    }
    await delay(RETRY_MS, undefined, { signal })
  }
}

const RETRY_MS = 50

async function own(file: FileHandle, path: string): Promise<DataDirectoryLock> {
  try {
    const owner: Owner = { pid: process.pid, start: (await processStart(process.pid)) ?? 'unknown', host: hostname() }
    // Written in place: a rename would leave the lock on a file that nobody finds any more.
    const { bytesWritten } = await file.write(`${JSON.stringify(owner)}\n`, 0)
    await file.truncate(bytesWritten)
    const { uid, gid } = await stat(dirname(path))
    if (process.getuid?.() === 0) await file.chown(uid, gid)
    return { fd: file.fd, release: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The open file that carries the lock, or undefined when somebody else has it. */
const tryLock = (path: string): Promise<FileHandle | undefined> =>
  process.platform === 'linux' ? tryLockByProgram(path) : tryLockByOpen(path)

/** flock(2) belongs to the open file, not to the process: the child's lock on our descriptor stays when the child has gone. */
async function tryLockByProgram(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  try {
    const { exitCode, output } = await runProgram(['flock', '-x', '-n', '3'], { inheritFds: [file.fd] })
    if (exitCode === 0) return file
    if (exitCode !== 1)
      throw new EmbeddedPostgresError({ rule: 'data-directory-unusable', says: `${path} cannot be locked: ${output.trim()}` })
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  return undefined
}

/** BSD's open(2) locks by itself; Node has no name for the flag. */
const O_EXLOCK = 0x20

async function tryLockByOpen(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK, 0o600)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined
    throw error
  }
}

const ownerSchema = z.object({ pid: z.int().positive(), start: z.string(), host: z.string() })
type Owner = z.infer<typeof ownerSchema>

/** Undefined also while a new owner is just writing itself down. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

const inUse = (dataDir: string, { pid }: Owner): EmbeddedPostgresError =>
  new EmbeddedPostgresError({
    rule: 'data-directory-in-use',
    says: `the data directory ${dataDir} is in use by process ${pid}; stop that Steward first, or give this one a data directory of its own`,
    ownerPid: pid,
  })

const stillHeld = (dataDir: string, owner: Owner | undefined): EmbeddedPostgresError =>
  new EmbeddedPostgresError({
    rule: 'data-directory-in-use',
    says:
      `the data directory ${dataDir} is locked, but not by a process that can be seen from here` +
      (owner === undefined ? '' : ` (last owner: process ${owner.pid} on ${owner.host})`) +
      '; it may be mounted in another container',
    ownerPid: owner?.pid,
  })
