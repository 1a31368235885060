/** Lets one loop wait for the next reason to look: its time has come, or somebody rings. A ring while nobody waits is kept; many are one. */
export interface Doorbell {
  ring(): void
  /** Resolves at a ring, after `ms`, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createDoorbell(): Doorbell {
  let rung = Promise.withResolvers<void>()
  return {
    ring: () => rung.resolve(),
    async wait(ms, signal) {
      if (signal.aborted) return
      const wake = (): void => rung.resolve()
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake, { once: true })
      await rung.promise
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      rung = Promise.withResolvers()
    },
  }
}
