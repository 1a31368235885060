/**
 * What is under way on one line: our ids, who waits for each, and until when. One sweep looks after all deadlines, because a timer per call
 * costs more than the call. Ids that are done are remembered for a while, so that whatever still comes for them can be named.
 */
import type { RequestId } from '../../domain/mcp/message.ts'
import { METHOD } from '../../domain/mcp/methods.ts'
import type { CallSink, NoiseKind } from '../../domain/ports/mcp.ts'

export type Pending = {
  readonly id: number
  readonly sink: CallSink
  /** What its caller calls it, and its progress. */
  readonly callerId: RequestId
  readonly callerToken: RequestId | undefined
  readonly method: string
  /** A caller's, not one of Steward's own. */
  readonly forwarded: boolean
  readonly wantsLog: boolean
  readonly timeoutMs: number
  dueAtMs: number
  /** Progress moves the deadline, but not for ever. */
  readonly latestAtMs: number
  /** Questions of the server that the caller has not answered; a person may take his time. */
  openQuestions: number
}

type Ending = 'answered' | 'timed-out' | 'cancelled'

const SWEEP_MS = 100
const REMEMBERED = 1024
/** How much longer than its time-out a call may last that shows progress. */
const PROGRESS_FACTOR = 20
/** A server may go on with a call that it was told to cancel; so long it may still mean that call when it asks something. */
const LINGER_MS = 60_000

export interface CallTable {
  add(call: Omit<Pending, 'id' | 'dueAtMs' | 'latestAtMs' | 'openQuestions'>): Pending
  get(id: RequestId | undefined): Pending | undefined
  end(id: number, how: Ending): void
  touch(call: Pending): void
  /** The one forwarded call that the server can mean, or why there is none. */
  sole(of?: (call: Pending) => boolean): Pending | 'no-live-call' | 'several-live-calls'
  /** What an answer was, to an id that nobody waits for. */
  nameOf(id: RequestId | undefined): NoiseKind
  all(): readonly Pending[]
  close(): void
}

export function createCallTable(onDue: (call: Pending) => void, nowMs: () => number = () => performance.now()): CallTable {
  let lastId = 0
  const pending = new Map<number, Pending>()
  const finished = new Map<number, Ending>()
  /** Ended for us, but not known to be ended for the server; until when. */
  const lingering = new Map<number, number>()
  let sweeping: NodeJS.Timeout | undefined

  function sweep(): void {
    const now = nowMs()
    for (const [id, untilMs] of lingering) if (untilMs <= now) lingering.delete(id)
    for (const call of pending.values()) {
      if (call.dueAtMs <= now && call.openQuestions === 0) onDue(call)
    }
    if (pending.size === 0 && lingering.size === 0) stop()
  }

  function stop(): void {
    clearInterval(sweeping)
    sweeping = undefined
  }

  return {
    add(call) {
      const now = nowMs()
      const entry: Pending = {
        ...call,
        id: ++lastId,
        dueAtMs: now + call.timeoutMs,
        latestAtMs: now + call.timeoutMs * PROGRESS_FACTOR,
        openQuestions: 0,
      }
      pending.set(entry.id, entry)
      sweeping ??= setInterval(sweep, SWEEP_MS).unref()
      return entry
    },
    get: (id) => (typeof id === 'number' ? pending.get(id) : undefined),
    end(id, how) {
      const call = pending.get(id)
      if (call === undefined) return
      pending.delete(id)
      finished.set(id, how)
      const [oldest] = finished.keys()
      if (finished.size > REMEMBERED && oldest !== undefined) finished.delete(oldest)
      if (how !== 'answered' && call.forwarded) lingering.set(id, nowMs() + LINGER_MS)
    },
    touch(call) {
      call.dueAtMs = Math.min(nowMs() + call.timeoutMs, call.latestAtMs)
    },
    sole(of = () => true) {
      let found: Pending | undefined
      for (const call of pending.values()) {
        // A subscription only listens.
        if (!call.forwarded || call.method === METHOD.listen || !of(call)) continue
        if (found !== undefined) return 'several-live-calls'
        found = call
      }
      if (found === undefined) return 'no-live-call'
      return lingering.size === 0 ? found : 'several-live-calls'
    },
    nameOf(id) {
      if (typeof id !== 'number') return 'unknown-answer'
      lingering.delete(id)
      switch (finished.get(id)) {
        case 'answered':
          return 'duplicate-answer'
        case 'timed-out':
          return 'late-answer'
        case 'cancelled':
          return 'answer-to-cancelled'
        default:
          return 'unknown-answer'
      }
    },
    all: () => [...pending.values()],
    close() {
      stop()
      pending.clear()
      lingering.clear()
    },
  }
}
