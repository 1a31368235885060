/** Asks again when something has happened, one question at a time: a hundred reasons within a moment are one question, and the last one is never lost. */
import { Refusal } from './api.js'

const AFTER_ERROR_MS = 2_000

/** Too much was asked, or a read model lags behind: the same question has an answer soon. @param {unknown} error */
const isPassing = (error) => error instanceof Refusal && [429, 503, 504].includes(error.status)

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
    const position = wanted
    wanted = undefined
    let waitMs = gapMs
    try {
      await ask(position)
    } catch (error) {
      if (closed) return
      onError(error)
      if (isPassing(error)) {
        again = true
        waitMs = AFTER_ERROR_MS
      }
    }
    timer = setTimeout(() => {
      busy = false
      if (again && !closed) run()
    }, waitMs)
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
