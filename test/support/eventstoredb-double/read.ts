/**
 * `Read` calls: reads end, subscriptions follow the log. Reads include the place they begin at (except backwards over the whole log),
 * subscriptions do not. A filtered subscription tells a checkpoint for every 32 events that it looked at, behind them by up to a page.
 */
import { status } from '@grpc/grpc-js'
import { caughtUpAnswer, checkpointAnswer, confirmationAnswer, eventAnswer, streamNotFoundAnswer } from './read-answers.ts'
import type { LogRecord, ServerLog } from './server-log.ts'
import { streams } from './stubs.ts'

type ReadOptions = NonNullable<ReturnType<InstanceType<typeof streams.ReadReq>['getOptions']>>

const PAGE_EVENTS = 32

export type ReadCall = Readonly<{
  log: ServerLog
  options: ReadOptions
  /** False as a server before 23.10, which never says so. */
  saysCaughtUp: boolean
  signal: AbortSignal
  /** Resolves when the client has room for more. */
  write(answer: Uint8Array): Promise<void>
}>

/** An answer in place of a result: the call ends with this status. */
export class CallFailed extends Error {
  readonly code: status
  constructor(code: status, details: string) {
    super(details)
    this.code = code
  }
}

export async function serveRead(call: ReadCall): Promise<void> {
  const { options } = call
  if (options.hasSubscription()) return options.hasAll() ? followAll(call) : followStream(call)
  const count = Number(options.getCount())
  const records = options.hasAll() ? readAll(call) : readStream(call)
  if (!records) return call.write(streamNotFoundAnswer(streamName(options)))
  let sent = 0
  for (const record of records) {
    if (sent === count || call.signal.aborted) return
    await call.write(eventAnswer(record))
    sent += 1
  }
}

function readStream({ log, options }: ReadCall): Iterable<LogRecord> | undefined {
  const records = log.stream(streamName(options))
  if (!records) return undefined
  const from = options.getStream()
  const revision = from?.hasRevision() ? BigInt(from.getRevision()) : undefined
  if (options.getReadDirection() === streams.ReadReq.Options.ReadDirection.FORWARDS) {
    if (from?.hasEnd()) return []
    return revision === undefined
      ? records
      : records.slice(records.findIndex((record) => record.revision >= revision)).filter((record) => record.revision >= revision)
  }
  const upTo = from?.hasStart() ? 0n : revision
  return (upTo === undefined ? [...records] : records.filter((record) => record.revision <= upTo)).reverse()
}

function* readAll({ log, options }: ReadCall): Generator<LogRecord> {
  const from = options.getAll()
  const place = from?.getPosition()
  const index = place ? indexAt(log, BigInt(place.getCommitPosition())) : from?.hasEnd() ? log.all.length : 0
  const end = log.all.length
  if (options.getReadDirection() === streams.ReadReq.Options.ReadDirection.FORWARDS) {
    for (let at = index; at < end; at += 1) yield* recordAt(log, at)
  } else {
    for (let at = index - 1; at >= 0; at -= 1) yield* recordAt(log, at)
  }
}

async function followAll(call: ReadCall): Promise<void> {
  const { log, options, signal } = call
  const from = options.getAll()
  const place = from?.getPosition()
  let next = place ? indexAt(log, BigInt(place.getCommitPosition())) + 1 : from?.hasEnd() ? log.all.length : 0
  const matches = filterOf(options)
  const interval = PAGE_EVENTS * (options.getFilter()?.getCheckpointintervalmultiplier() ?? 0)
  await call.write(confirmationAnswer())

  let considered = 0
  let live = false
  while (!signal.aborted) {
    if (next >= log.all.length) {
      if (!live && call.saysCaughtUp) await call.write(caughtUpAnswer())
      live = true
      await log.grown(next, signal)
      continue
    }
    const page = log.all.slice(next, live ? next + 1 : next + PAGE_EVENTS)
    next += page.length
    let seen = page[0]?.position ?? 0n
    for (const record of page) {
      if (signal.aborted) return
      considered += 1
      if (!matches(record)) continue
      seen = record.position
      await call.write(eventAnswer(record))
    }
    // The page that reaches the end tells no checkpoint any more: the tip is always ahead of them.
    if (interval > 0 && considered >= interval && (live || next < log.all.length)) {
      considered %= interval
      await call.write(checkpointAnswer(seen))
    }
  }
}

async function followStream(call: ReadCall): Promise<void> {
  const { log, options, signal } = call
  const name = streamName(options)
  const from = options.getStream()
  const records = () => log.stream(name) ?? []
  let after = from?.hasRevision() ? BigInt(from.getRevision()) : from?.hasEnd() ? (records().at(-1)?.revision ?? -1n) : -1n
  await call.write(confirmationAnswer())
  let saidCaughtUp = !call.saysCaughtUp
  while (!signal.aborted) {
    const length = log.all.length
    for (const record of records()) {
      if (record.revision <= after) continue
      await call.write(eventAnswer(record))
      after = record.revision
    }
    // Of a stream that does not exist yet, only its first event brings this.
    if (!saidCaughtUp && records().length > 0) {
      saidCaughtUp = true
      await call.write(caughtUpAnswer())
    }
    await log.grown(length, signal)
  }
}

function filterOf(options: ReadOptions): (record: LogRecord) => boolean {
  const filter = options.getFilter()
  const byStream = filter?.getStreamIdentifier()
  const expression = byStream ?? filter?.getEventType()
  if (!expression) return () => true
  const prefixes = expression.getPrefixList()
  const regex = expression.getRegex() === '' ? undefined : new RegExp(expression.getRegex())
  const matches = (text: string): boolean => (regex ? regex.test(text) : prefixes.some((prefix) => text.startsWith(prefix)))
  return (record) => matches(byStream ? record.stream : record.type)
}

function indexAt(log: ServerLog, position: bigint): number {
  const index = log.indexAt(position)
  if (index === undefined) throw new CallFailed(status.UNKNOWN, `Unexpected ReadAllResult: Error: no record at ${position}`)
  return index
}

function* recordAt(log: ServerLog, index: number): Generator<LogRecord> {
  const record = log.all[index]
  if (record) yield record
}

const streamName = (options: ReadOptions): string =>
  Buffer.from(options.getStream()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
