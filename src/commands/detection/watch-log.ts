/**
 * Follows one log of one target and keeps its account: what the lines say is recorded at once, repetitions are counted and recorded when they are
 * due, and when watching ends in order nothing that was counted is left behind.
 */
import { elapsedMs, type Instant } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { LogReport, RemoteHost } from '../../domain/ports/remote-host.ts'
import { type LogAccount, type LogAccountOptions, openLogAccount } from './log-account.ts'
import type { Unseen } from './visibility.ts'

export type WatchLogOptions = LogAccountOptions &
  Readonly<{
    remote: RemoteHost
    /** Undefined when the log can be seen, else why not. */
    visible: (path: string, unseen: Unseen | undefined) => Promise<void>
    gap: (path: string, gap: Extract<LogReport, { kind: 'gap' }>) => Promise<void>
    /** Aborts when another instance may follow the log by now: then what was not recorded is the other one's to count. */
    lost: AbortSignal
  }>

/** Runs until the signal aborts. */
export async function watchLog(options: WatchLogOptions): Promise<void> {
  const { target, path, remote, cursors, clock, figures, signal, lost } = options
  // Registration leaves a cursor. Where it was lost, everything that is still there is read again, and what is known is recorded once.
  const from = await cursors.load(target.targetId, path)
  const account = openLogAccount(options)
  const ending = new AbortController()
  const following = AbortSignal.any([signal, ending.signal])
  const reports = remote
    .follow(path, { ...(from === undefined ? { start: 'oldest' } : { from }), signal: following })
    [Symbol.asyncIterator]()
  let coming: Promise<IteratorResult<LogReport>> | undefined
  try {
    for (;;) {
      coming ??= reports.next()
      const came = await nextBefore(account.dueAt(), coming, clock)
      if (came === 'due') {
        await account.settle()
        continue
      }
      coming = undefined
      if (came.done) break
      await enter(account, came.value, options)
    }
  } finally {
    ending.abort()
    // A report that nobody waits for any more.
    await coming?.catch(() => undefined)
    await reports.return?.()
    figures.blind(target.targetId, path, undefined)
  }
  if (!lost.aborted) await settleInTime(account, clock)
}

async function enter(account: LogAccount, report: LogReport, { target, path, figures, visible, gap }: WatchLogOptions): Promise<void> {
  switch (report.kind) {
    case 'lines':
      return account.take(report.lines, report.cursor)
    case 'gap':
      figures.gap(report.reason)
      await account.settle()
      await gap(path, report)
      if (report.cursor) await account.moveTo(report.cursor)
      return
    case 'blind':
      figures.blind(target.targetId, path, report.reason)
      return visible(path, {
        reason: `${path}: ${report.reason}: ${report.says}`,
        host: report.reason === 'host-unreachable' ? 'lost' : 'reached',
      })
    case 'seeing':
      figures.blind(target.targetId, path, undefined)
      return visible(path, undefined)
  }
}

/** What comes, unless the time comes first. */
async function nextBefore<Coming>(due: Instant | undefined, coming: Promise<Coming>, clock: Clock): Promise<Coming | 'due'> {
  if (due === undefined) return coming
  const over = new AbortController()
  const time = clock.sleep(Math.max(0, elapsedMs(clock.now(), due)), over.signal).then(() => 'due' as const)
  try {
    return await Promise.race([coming, time])
  } finally {
    over.abort()
    time.catch(() => undefined)
  }
}

/** A store that is away must not hold up the end of the service: the cursor stands before what was not recorded, so the next one reads it again. */
const SETTLE_WITHIN_MS = 2_000

async function settleInTime(account: LogAccount, clock: Clock): Promise<void> {
  const over = new AbortController()
  const settled = account.settle()
  const time = clock.sleep(SETTLE_WITHIN_MS, over.signal)
  try {
    await Promise.race([settled, time])
  } finally {
    over.abort()
    for (const late of [settled, time]) late.catch(() => undefined)
  }
}
