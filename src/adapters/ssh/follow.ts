/**
 * Follows one log through rotations, truncations and outages. The cursor stands behind the last whole line that was given away, so whatever
 * happens in between, reading goes on from there: a byte may be read twice, but never missed while it is still on the host.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import { type BlindReason, type FollowOptions, HostUnreachable, type LogCursor, type LogReport } from '../../domain/ports/remote-host.ts'
import type { Connection } from './connection.ts'
import { createLineSplitter, type Line } from './line-splitter.ts'
import { openAwaitChannel, openLogChannel } from './log-channel.ts'
import { type Choice, choose } from './log-choice.ts'
import { beforeEverything, createLogHead, type FileIdentity, isHeadOf, type LogHeadReader } from './log-head.ts'
import { type LogFile, survey } from './log-survey.ts'
import { createPatience } from './patience.ts'
import type { Tuning } from './tuning.ts'

const DEFAULT_MAX_LINE_BYTES = 1024 * 1024
/** To begin behind the newest line, the newline before it is looked for in this many bytes. */
const TAIL_BYTES = 64 * 1024
/** Remembered, so that the next one after a rotated file is found. */
const MAX_FINISHED = 4
/** Between two looks at a place where nothing moves on. */
const PAUSE_MS = 200

export async function* follow(
  connection: Connection,
  path: string,
  { from, maxLineBytes = DEFAULT_MAX_LINE_BYTES, start = 'end', signal }: FollowOptions,
  { clock, tuning }: { clock: Clock; tuning: Tuning },
): AsyncGenerator<LogReport, void, void> {
  let cursor = from
  let finished: FileIdentity[] = []
  let done: { changed: string } | undefined
  /** Until it was opened once, nobody knows whether it can be read. */
  let blind: BlindReason | 'not-looked-yet' | undefined = 'not-looked-yet'
  /** The file can be opened and not be read, as on a broken disk: it is seen again only when a byte of it was. */
  let readFailed = false
  const patience = createPatience(clock, tuning)

  function* sees(): Generator<LogReport> {
    if (blind === undefined) return
    blind = undefined
    yield { kind: 'seeing' }
  }
  function* isBlind(reason: BlindReason, says: string): Generator<LogReport> {
    if (blind === reason) return
    blind = reason
    yield { kind: 'blind', reason, says }
  }

  while (!signal.aborted) {
    try {
      const found = await survey(connection, path, {
        headLengthBytes: cursor?.head.lengthBytes ?? 0,
        inode: cursor?.inode ?? '',
        tuning,
        signal,
      })
      patience.reset()
      const choice = choose(found, { cursor, done, finished, start })
      if (choice.kind === 'gap') {
        // Of a file of which nothing was ever read, nothing is missed either.
        if (cursor !== undefined && cursor.offset > 0) {
          const { generation, offset } = cursor
          yield { kind: 'gap', generation, fromOffset: offset, toOffset: undefined, reason: choice.reason, cursor: choice.next }
        }
        cursor = choice.next ?? beforeEverything
        done = undefined
      } else if (choice.kind === 'wait') {
        if (found.at.kind === 'readable') {
          await clock.sleep(PAUSE_MS, signal)
          continue
        }
        if (cursor === undefined) {
          // Whatever appears at this path is new: nothing of it is skipped, not even after a restart.
          cursor = beforeEverything
          yield { kind: 'lines', lines: [], cursor }
        }
        yield* isBlind(found.at.kind, found.at.says)
        const channel = await openAwaitChannel(connection, path, found.at.kind, tuning, signal)
        try {
          while ((await channel.next()).kind !== 'ended');
        } finally {
          channel.close()
        }
      } else {
        yield* read(choice)
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof HostUnreachable) || error.rule === 'closed') throw error
      yield* isBlind('host-unreachable', error.message)
      await patience.wait(error, signal).catch((reason: unknown) => {
        if (!signal.aborted) throw reason
      })
    }
  }

  async function* read(choice: Extract<Choice, { kind: 'read' | 'read-from-end' }>): AsyncGenerator<LogReport, void, void> {
    const { file } = choice
    const fromEnd = choice.kind === 'read-from-end'
    const offset = fromEnd ? Math.max(0, file.size - TAIL_BYTES) : choice.offset
    const mode = fromEnd ? 'live' : choice.mode
    const channel = await openLogChannel(connection, { ...file, watched: path, offset, mode }, tuning, signal)
    const splitter = createLineSplitter({ offset, maxLineBytes })
    /** Lines that end at or before this offset were there before we came. */
    const skipTo = fromEnd ? file.size : 0
    const isNew = ({ offset: begin, endOffset }: Line): boolean => endOffset > skipTo && (begin > offset || offset === 0 || !fromEnd)
    let position = offset
    let head: LogHeadReader | undefined
    let settled = !fromEnd
    try {
      for (;;) {
        const fact = await channel.next()
        switch (fact.kind) {
          case 'head':
            // Written anew since the survey: the next one says what is lost.
            if (!fromEnd && choice.known !== undefined && !isHeadOf(choice.known, fact.bytes)) return
            head = createLogHead(file, fact.bytes, fromEnd ? undefined : choice.known)
            if (!readFailed) yield* sees()
            // From here on the cursor names this file, also when it has no line yet.
            if (fromEnd ? skipTo === 0 : choice.known === undefined) yield report([], head, 0)
            continue
          case 'data': {
            if (head === undefined) continue
            readFailed = false
            yield* sees()
            head.extend(position, fact.bytes)
            position += fact.bytes.length
            const lines = splitter.push(fact.bytes)
            if (position < skipTo) continue
            if (lines.length > 0 || !settled) yield report(lines.filter(isNew), head, splitter.offset())
            settled = true
            continue
          }
          case 'missing':
            yield* isBlind('missing', 'the file has no name any more; it is read as long as it is open')
            continue
          case 'found':
            yield* sees()
            continue
          case 'ended':
            if (fact.why === 'rotated' || fact.why === 'finished') {
              if (head !== undefined) {
                const rest = splitter.flush()
                if (rest.length > 0) yield report(rest, head, splitter.offset())
              }
              finish(file)
            } else if (fact.why === 'unreadable') {
              readFailed = true
              yield* isBlind('unreadable', 'the file cannot be read')
              await clock.sleep(PAUSE_MS, signal)
            } else if (fact.why !== 'truncated') {
              await clock.sleep(PAUSE_MS, signal)
            }
            return
        }
      }
    } finally {
      channel.close()
    }
  }

  function report(lines: readonly Line[], head: LogHeadReader, offset: number): LogReport {
    const at: LogCursor = head.cursor(offset)
    cursor = at
    done = undefined
    const { generation } = at
    return { kind: 'lines', lines: lines.map(({ text, offset, cut }) => ({ text, offset, generation, cut })), cursor: at }
  }

  function finish(file: LogFile): void {
    const { device, inode, changed } = file
    done = { changed }
    finished = [...finished.slice(1 - MAX_FINISHED), { device, inode }]
  }
}
