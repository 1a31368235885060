/**
 * The long-lived channel of one followed file. The error stream says what the next bytes of the output are. The host sends only a few reads ahead of
 * what was taken here, so a reader that stops costs no memory. The window of SSH alone would not do: ssh2 opens it again for every line on the
 * error stream, however much output waits.
 */
import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Connection, Session } from './connection.ts'
import { beginning } from './run.ts'
import { ownCommand, seconds } from './scripts.ts'
import type { Tuning } from './tuning.ts'

export type LogFact =
  | Readonly<{ kind: 'head' | 'data'; bytes: Buffer }>
  | Readonly<{ kind: 'missing' | 'found' }>
  /** The last fact. `lost`: the file is not what it was; look again. */
  | Readonly<{ kind: 'ended'; why: 'rotated' | 'truncated' | 'finished' | 'unreadable' | 'lost' | 'changed' | 'disconnected' }>

export interface LogChannel {
  /** The next fact, when there is one. Rejects with the signal's reason. */
  next(): Promise<LogFact>
  close(): void
}

/** A renamed file is left when it has been quiet for one second, after ten at most. */
const QUIET_MS = 1_000
const MOST_MS = 10_000
/** Enough to keep a fast reader busy on a slow line: each read is up to 256 KiB. */
const READS_AHEAD = 4

export type FollowedFile = Readonly<{
  watched: string
  path: string
  device: string
  inode: string
  offset: number
  mode: 'live' | 'finished'
}>

export const openLogChannel = (connection: Connection, file: FollowedFile, tuning: Tuning, signal: AbortSignal): Promise<LogChannel> => {
  const looks = (ms: number): string => String(Math.max(1, Math.ceil(ms / tuning.followPollMs)))
  const identity = `${file.device}:${file.inode}`
  const command = ownCommand(
    'follow',
    file.watched,
    file.path,
    identity,
    String(file.offset),
    file.mode,
    seconds(tuning.followPollMs),
    looks(QUIET_MS),
    looks(MOST_MS),
    String(READS_AHEAD),
  )
  return open(connection, command, signal)
}

/** Ends when the situation of the path is another one. */
export const openAwaitChannel = (
  connection: Connection,
  path: string,
  situation: string,
  tuning: Tuning,
  signal: AbortSignal,
): Promise<LogChannel> => open(connection, ownCommand('await', path, situation, seconds(tuning.followPollMs)), signal)

async function open(connection: Connection, command: string, signal: AbortSignal): Promise<LogChannel> {
  const session = await connection.openSession(command, { signal })
  return createLogChannel(session, signal)
}

const ENDS: readonly string[] = ['rotated', 'truncated', 'finished', 'unreadable', 'lost', 'changed']

function createLogChannel({ channel, live, release }: Session, signal: AbortSignal): LogChannel {
  let wake = (): void => undefined
  const rouse = (): void => wake()
  channel.on('error', rouse)
  for (const stream of [channel, channel.stderr]) stream.on('readable', rouse).on('end', rouse)
  channel.on('close', rouse)
  live.ended.addEventListener('abort', rouse, { once: true })
  signal.addEventListener('abort', rouse, { once: true })

  const facts = createReader(channel.stderr)
  const bytes = createReader(channel)
  let owed = false
  const nonce = randomBytes(16).toString('hex')
  const mark = beginning(nonce)
  let begun = false
  channel.write(`${nonce}\n`)

  /** Waits until `ready` gives something; undefined when the channel ended before. */
  async function when<T>(ready: () => T | undefined, isOver: () => boolean): Promise<T | undefined> {
    for (;;) {
      signal.throwIfAborted()
      const roused = new Promise<void>((resolve) => {
        wake = resolve
      })
      const found = ready()
      if (found !== undefined) return found
      if (isOver() || live.ended.aborted) return ready()
      await roused
    }
  }

  /** Drops what the login said before our shell began. */
  async function begin(): Promise<boolean> {
    const found = [
      await when(
        () => facts.skipPast(mark),
        () => channel.stderr.readableEnded,
      ),
      await when(
        () => bytes.skipPast(mark),
        () => channel.readableEnded,
      ),
    ]
    return found.every((each) => each === true)
  }

  return {
    async next() {
      // Only now is the last one behind us.
      if (owed) channel.write('\n')
      owed = false
      begun ||= await begin()
      if (!begun) return { kind: 'ended', why: 'disconnected' }
      for (;;) {
        const line = await when(facts.line, () => channel.stderr.readableEnded)
        if (line === undefined) return { kind: 'ended', why: 'disconnected' }
        const [word = '', count] = line.split(' ')
        if (word === 'head' || word === 'data') {
          const length = Number(count)
          const taken = await when(
            () => bytes.take(length),
            () => channel.readableEnded,
          )
          if (taken === undefined) return { kind: 'ended', why: 'disconnected' }
          owed = word === 'data'
          return { kind: word, bytes: taken }
        }
        if (word === 'missing' || word === 'found') return { kind: word }
        if (isEnd(word)) return { kind: 'ended', why: word }
        // `idle`, or the complaint of some program: no news.
      }
    },
    close() {
      live.ended.removeEventListener('abort', rouse)
      signal.removeEventListener('abort', rouse)
      // What is still on its way is dropped; without a reader the channel would never say that it is closed.
      for (const stream of [channel, channel.stderr]) stream.off('readable', rouse).resume()
      channel.end()
      channel.close()
      release()
    },
  }
}

const isEnd = (word: string): word is 'rotated' | 'truncated' | 'finished' | 'unreadable' | 'lost' | 'changed' => ENDS.includes(word)

/** Takes exact numbers of bytes, or whole lines, out of a paused stream. Reads no more than it needs. */
type Reader = { take(length: number): Buffer | undefined; line(): string | undefined; skipPast(mark: Buffer): true | undefined }

function createReader(stream: Readable): Reader {
  let held: Buffer = Buffer.alloc(0)
  const parts: Buffer[] = []
  let partsBytes = 0

  function pull(): boolean {
    const bytes: unknown = stream.read()
    if (!Buffer.isBuffer(bytes)) return false
    parts.push(bytes)
    partsBytes += bytes.length
    return true
  }
  function gather(): void {
    if (parts.length === 0) return
    held = Buffer.concat([held, ...parts.splice(0)])
    partsBytes = 0
  }

  return {
    take(length) {
      while (held.length + partsBytes < length) if (!pull()) return undefined
      gather()
      const taken = held.subarray(0, length)
      held = held.subarray(length)
      return taken
    },
    skipPast(mark) {
      for (;;) {
        gather()
        const at = held.indexOf(mark)
        if (at !== -1) {
          held = held.subarray(at + mark.length)
          return true
        }
        if (!pull()) return undefined
      }
    },
    line() {
      for (;;) {
        gather()
        const newline = held.indexOf(0x0a)
        if (newline !== -1) {
          const line = held.subarray(0, newline).toString('latin1')
          held = held.subarray(newline + 1)
          return line
        }
        if (!pull()) return undefined
      }
    },
  }
}
