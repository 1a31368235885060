/**
 * One running program, from its first moment until nothing is left of it:
 *
 *   running -> asked (input closed, then SIGTERM) -> killed (SIGKILL) -> ended -> cleared (group, control group and mark are empty)
 *
 * A program that ends by itself goes from running to ended. Signals go to its group only while the kernel holds the group's number for us:
 * until the leader is reaped, which we are told in the same turn, and from then on while the group was never seen empty.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type ChildEnd, type ChildProcess, type ChildStopped, StopFailed } from '../../domain/ports/child-processes.ts'
import type { SpawnedProcess } from '../../domain/server/events.ts'
import { clearAway } from './clear-away.ts'
import { readErrors } from './error-stream.ts'
import type { Confinement } from './limits/limiter.ts'
import { readLines } from './line-reader.ts'
import { writeLines } from './line-writer.ts'
import type { Marks } from './marks.ts'
import { memoryKills, wasKilledForMemory } from './out-of-memory.ts'
import { isGroupAlive, type MarkedProcess, signalGroup } from './process-table.ts'
import type { Begun } from './start-program.ts'

export function superviseChild({
  begun,
  limitedBy,
  confinement,
  contains,
  marks,
  isOfRun,
  streams,
  groupGone,
  settled,
}: SuperviseOptions): ChildProcess {
  const { pid, startTicks, child } = begun
  const killsBefore = memoryKills()
  const timers = new Set<NodeJS.Timeout>()
  let asked = false
  let killed = false
  let hasEnded = false
  let killAtMs = Number.POSITIVE_INFINITY
  const ended = Promise.withResolvers<ChildEnd>()
  const cleared = Promise.withResolvers<ChildStopped>()
  // Whoever stops it hears of it; a program that ended by itself may have nobody who asks.
  cleared.promise.catch(() => undefined)

  const input = writeLines(begun.stdin)
  const errors = readErrors(begun.stderr, streams)
  const output = readLines(begun.stdout, { maxLineBytes: streams.maxLineBytes, tooLong: kill })

  child.once('exit', (code, signal) => {
    hasEnded = true
    for (const timer of timers) clearTimeout(timer)
    // A wrapper that went at SIGTERM may have left the server itself still on its way out; after a crash there is nothing to wait for.
    if (!asked) signalGroup(pid, 'SIGKILL')
    void settle(code, signal)
  })

  async function settle(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    try {
      const end = { code, signal, outOfMemory: await ranOutOfMemory(signal) }
      ended.resolve(end)
      await groupEnded()
      groupGone()
      const { left } = await clearAway({ marks, isTheirs: isOfRun, group: { ...confinement, contains } })
      if (left.length > 0) throw new StopFailed(left)
      // An empty group that cannot be removed yet goes at the end of this life, or at the start of the next.
      await Promise.all([errors.close(), confinement.release().catch(() => undefined)])
      // Who reads slowly may still be reading what it had written.
      setTimeout(output.abandon, LAST_LINES_MS).unref()
      settled({ nothingLeft: true })
      cleared.resolve({ ...end, how: killed ? 'killed' : asked ? 'asked' : 'gone' })
    } catch (error) {
      settled({ nothingLeft: false })
      cleared.reject(error)
    }
  }

  async function ranOutOfMemory(signal: NodeJS.Signals | null): Promise<boolean> {
    // What we ended, we ended; a part of it may have run out of memory long before.
    if (asked || killed) return false
    const counted = confinement.ranOutOfMemory()
    const told = counted instanceof Promise ? await counted : counted
    return told ?? (signal === 'SIGKILL' && wasKilledForMemory(pid, killsBefore))
  }

  async function groupEnded(): Promise<void> {
    while (asked && (await isGroupAlive(pid))) {
      const leftMs = killAtMs - performance.now()
      if (leftMs <= 0) {
        signalGroup(pid, 'SIGKILL')
        return
      }
      await delay(Math.min(leftMs, GROUP_POLL_MS))
    }
  }

  function terminate(): void {
    signalGroup(pid, 'SIGTERM')
    // Who was stopped hears nothing until it goes on.
    signalGroup(pid, 'SIGCONT')
    // What it did not read by now it will not read, and the end of its input would wait behind it.
    input.destroy()
  }

  function kill(): void {
    if (hasEnded) return
    killed = true
    signalGroup(pid, 'SIGKILL')
    confinement.kill()
  }

  function after(ms: number, act: () => void): void {
    if (ms <= 0) act()
    else timers.add(setTimeout(act, ms))
  }

  async function stop(graceMs: number): Promise<ChildStopped> {
    if (!hasEnded) {
      asked = true
      input.end()
      const now = performance.now()
      if (now + graceMs < killAtMs) {
        killAtMs = now + graceMs
        if (graceMs > 0) after(Math.min(graceMs / 2, END_OF_INPUT_MS), terminate)
        after(graceMs, kill)
      }
    } else killAtMs = Math.min(killAtMs, performance.now() + graceMs)
    const giveUp = new AbortController()
    const tooLate = delay(graceMs + UNKILLABLE_MS, undefined, { signal: giveUp.signal, ref: false }).then(() => {
      // From now on a sweep is to take it for a left-over.
      settled({ nothingLeft: false })
      throw new StopFailed([pid])
    })
    try {
      return await Promise.race([cleared.promise, tooLate])
    } finally {
      tooLate.catch(() => undefined)
      giveUp.abort()
    }
  }

  const facts: SpawnedProcess = { pid, startTicks, limitedBy }
  return {
    process: facts,
    read: output.read,
    pause: output.pause,
    resume: output.resume,
    write: input.write,
    stderrTail: errors.tail,
    ended: ended.promise,
    stop,
  }
}

export type SuperviseOptions = Readonly<{
  begun: Begun
  limitedBy: SpawnedProcess['limitedBy']
  confinement: Confinement
  contains: boolean
  marks: Marks
  isOfRun(process: MarkedProcess): boolean
  streams: Readonly<{ maxLineBytes: number; logPath: string | undefined; maxLogBytes: number; problem(error: unknown): void }>
  /** Its process group is empty, or killed: the watchdog need not know it any more. */
  groupGone(): void
  /** Nothing of it is left, or nothing more can be done about it. */
  settled(how: { nothingLeft: boolean }): void
}>

/** The end of its input is how a server on standard streams is told to go; one that has not gone by then is not listening. */
const END_OF_INPUT_MS = 1_000
const GROUP_POLL_MS = 20
const LAST_LINES_MS = 5_000
/** Beyond SIGKILL and the search for what is left: the kernel holds it, on a dead disk for instance. */
const UNKILLABLE_MS = 15_000
