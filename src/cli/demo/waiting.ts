/** Waits until something is so, by asking again and again; says what it waited for when the time is over. */
import { setTimeout as delay } from 'node:timers/promises'

export type Patience = Readonly<{ signal: AbortSignal; withinMs?: number; everyMs?: number }>

export class NotInTime extends Error {
  override readonly name = 'NotInTime'
  constructor({ what, withinMs }: { what: string; withinMs: number }) {
    super(`${what} did not come within ${withinMs / 1_000} s`)
  }
}

/** @throws NotInTime, or the reason of the signal. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | undefined> | Value | undefined,
  { signal, withinMs = 45_000, everyMs = 100 }: Patience,
): Promise<Value> {
  const deadline = performance.now() + withinMs
  for (;;) {
    signal.throwIfAborted()
    const value = await ask()
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new NotInTime({ what, withinMs })
    await delay(everyMs, undefined, { signal })
  }
}
