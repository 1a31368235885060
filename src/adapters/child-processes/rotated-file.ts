/**
 * A log file that never grows beyond its bound: when it is full it becomes `<path>.1`, and the one before that goes. A disk that is full or gone
 * costs the lines that could not be written, and nothing else.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'

export type RotatedFile = Readonly<{
  /** Resolves when it is written, or could not be. Never rejects. */
  write(bytes: Buffer): Promise<void>
  close(): Promise<void>
}>

export function createRotatedFile(path: string, { maxBytes, problem }: RotatedFileOptions): RotatedFile {
  let handle: FileHandle | undefined
  let sizeBytes = 0
  let last: Promise<void> = Promise.resolve()
  let told = false

  async function append(bytes: Buffer): Promise<void> {
    try {
      if (handle !== undefined && sizeBytes + bytes.length > maxBytes) await rotate()
      handle ??= await openPrivately()
      await handle.appendFile(bytes)
      sizeBytes += bytes.length
    } catch (error) {
      if (!told) problem(error)
      told = true
    }
  }

  /** Only for us: what a program prints may hold what it was given. Never through a link that somebody put there. */
  async function openPrivately(): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
    const opened = await open(path, flags, 0o600)
    sizeBytes = (await opened.stat()).size
    return opened
  }

  async function rotate(): Promise<void> {
    await close()
    await rename(path, `${path}.1`)
  }

  async function close(): Promise<void> {
    const closing = handle
    handle = undefined
    await closing?.close()
  }

  return {
    write(bytes) {
      last = last.then(() => append(bytes))
      return last
    },
    close() {
      last = last.then(close).catch(problem)
      return last
    },
  }
}

export type RotatedFileOptions = Readonly<{ maxBytes: number; problem(error: unknown): void }>
