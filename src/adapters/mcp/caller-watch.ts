/**
 * Looks again at the keys of callers who have something open. Each request is judged when it comes; a session, a stream or a long call goes on after
 * that, and must not outlive the key it was opened with. Revocations are told at once by whoever follows the log; this finds what nobody tells of:
 * a key that expires, a role that was taken away, a revocation that was missed.
 */

export type Caller = Readonly<{
  /** The id of the key: a name could be given again. */
  principal: string
  expiresAtMs?: number | undefined
  /** Whether the key is good still, and may call. Rejects when that cannot be found out now. */
  stillAllowed?: () => Promise<boolean>
}>

export interface CallerWatch {
  saw(caller: Caller): void
  close(): void
}

export type CallerWatchOptions = Readonly<{
  /** Whether anything of it is open. */
  holds: (principal: string) => boolean
  end: (principal: string) => Promise<void>
  /** How often a key is asked about. Default 15 000. */
  recheckMs?: number
  /** How exactly an expiry is kept. Default 1 000. */
  tickMs?: number
  nowMs?: () => number
}>

export function createCallerWatch({ holds, end, recheckMs = 15_000, tickMs = 1_000, nowMs = Date.now }: CallerWatchOptions): CallerWatch {
  const callers = new Map<string, { caller: Caller; checkedAtMs: number }>()
  const ticking = setInterval(tick, tickMs).unref()

  function tick(): void {
    const now = nowMs()
    for (const [principal, known] of callers) {
      const { expiresAtMs, stillAllowed } = known.caller
      if (expiresAtMs !== undefined && expiresAtMs <= now) over(principal)
      else if (now - known.checkedAtMs < recheckMs) continue
      else if (!holds(principal)) callers.delete(principal)
      else {
        known.checkedAtMs = now
        stillAllowed?.().then(
          (allowed) => {
            if (!allowed) over(principal)
          },
          // The next look may find it out.
          () => undefined,
        )
      }
    }
  }

  function over(principal: string): void {
    callers.delete(principal)
    void end(principal)
  }

  return {
    saw(caller) {
      const known = callers.get(caller.principal)
      if (known === undefined) callers.set(caller.principal, { caller, checkedAtMs: nowMs() })
      else known.caller = caller
    },
    close: () => clearInterval(ticking),
  }
}
