/** A counted permit: at most `size` at once, first come first served. A waiter that gives up leaves no trace. */
export type Slots = Readonly<{
  /** Resolves with the function that gives the slot back (once; more calls do nothing). Rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<() => void>
  free(): number
}>

export function createSlots(size: number): Slots {
  let free = size
  const waiting: (() => void)[] = []

  const release = (): (() => void) => {
    let given = false
    return () => {
      if (given) return
      given = true
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }

  return {
    free: () => free,
    take(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      if (free > 0) {
        free -= 1
        return Promise.resolve(release())
      }
      return new Promise((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener('abort', leave)
          resolve(release())
        }
        const leave = (): void => {
          waiting.splice(waiting.indexOf(enter), 1)
          reject(signal?.reason)
        }
        waiting.push(enter)
        signal?.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
