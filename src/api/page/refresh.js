/** Asks again when something has happened, one question at a time: a hundred reasons within a moment are one question, and the last one is never lost. */

/**
 * @param {(position: string | undefined) => Promise<void>} ask
 * @param {{ gapMs?: number, onError: (error: unknown) => void }} options
 */
export function createRefresher(ask, { gapMs = 300, onError }) {
  /** @type {string | undefined} */
  let wanted
  let again = false
  let busy = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let closed = false

  async function run() {
    busy = true
    again = false
    try {
      await ask(wanted)
    } catch (error) {
      if (!closed) onError(error)
    }
    timer = setTimeout(() => {
      busy = false
      if (again && !closed) run()
    }, gapMs)
  }

  return {
    /** @param {string} [position] the answer must know of it */
    refresh(position) {
      if (closed) return
      if (position !== undefined && (wanted === undefined || BigInt(position) > BigInt(wanted))) wanted = position
      again = true
      if (!busy) run()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
