/**
 * The live connection: tells what happens, and takes up again where it ended, so that nothing is lost between. It is never silently dead: whoever
 * reads the page is told when it is away, why, and when it is tried again.
 */

/** Codes by which Steward ends a connection, as docs/live.md names them. */
const KEY_NO_LONGER_GOOD = 4001
const UNKNOWN_POSITION = 4404

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000
/** A heartbeat comes every 15 s. */
const SILENCE_MS = 40_000

/**
 * @param {{
 *   key: string,
 *   channels: readonly string[],
 *   onMessage: (message: import('./shapes.d.ts').LiveMessage) => void,
 *   onState: (state: import('./shapes.d.ts').LiveState) => void,
 *   onUnknownKey: () => void,
 *   whyRefused: () => Promise<string>,
 * }} options whyRefused: a browser does not tell why a connection was refused, so the API is asked
 */
export function openLive({ key, channels, onMessage, onState, onUnknownKey, whyRefused }) {
  /** @type {WebSocket | undefined} */
  let socket
  /** The last one that was begun, also when it has ended. @type {WebSocket | undefined} */
  let latest
  /** @type {string | undefined} */
  let resume
  /** @type {string | undefined} */
  let refusal
  let waitMs = FIRST_WAIT_MS
  /** @type {number | undefined} */
  let awaySinceMs
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence
  let ended = false

  const soon = () => {
    if (ended || socket !== undefined) return
    clearTimeout(retry)
    connect()
  }
  addEventListener('online', soon)
  document.addEventListener('visibilitychange', soon)
  connect()

  return {
    close() {
      ended = true
      removeEventListener('online', soon)
      document.removeEventListener('visibilitychange', soon)
      clearTimeout(retry)
      clearTimeout(silence)
      socket?.close(1000)
    },
  }

  function connect() {
    if (awaySinceMs === undefined) onState({ kind: 'connecting' })
    const opened = dial()
    if (opened === undefined) {
      away('This key holds characters that a browser cannot send here. A key that Steward made has none.')
      return
    }
    socket = opened
    latest = opened
    let wasOpen = false
    heard(opened)
    opened.addEventListener('open', () => {
      wasOpen = true
      opened.send(JSON.stringify({ type: 'subscribe', channels, ...(resume === undefined ? {} : { resume_from: resume }) }))
      heard(opened)
    })
    opened.addEventListener('message', ({ data }) => {
      heard(opened)
      take(JSON.parse(data))
    })
    opened.addEventListener('close', async ({ code }) => {
      if (socket !== opened || ended) return
      socket = undefined
      clearTimeout(silence)
      if (code === KEY_NO_LONGER_GOOD) return onUnknownKey()
      if (code === UNKNOWN_POSITION) resume = undefined
      const says = refusal ?? (wasOpen ? 'The live connection ended.' : await whyRefused())
      // While the API was asked another one was begun, which tells for itself.
      if (latest !== opened) return
      refusal = undefined
      away(says)
    })
  }

  function dial() {
    const url = new URL('/ws', location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    try {
      return new WebSocket(url, ['steward.v1', `steward.key.${key}`])
    } catch {
      return undefined
    }
  }

  /** @param {import('./shapes.d.ts').LiveMessage} message */
  function take(message) {
    if (message.type === 'error') {
      // It was not let in after all: said as a reason, and the connection is ended by us.
      refusal = message.message ?? 'Steward refused what was asked of the live connection.'
      socket?.close(1000)
      return
    }
    if (message.resume !== undefined) resume = message.resume
    if (message.type === 'subscribed') {
      waitMs = FIRST_WAIT_MS
      awaySinceMs = undefined
      onState({ kind: 'live' })
    }
    onMessage(message)
  }

  /** A connection can be dead without an end, when a cable is pulled. @param {WebSocket} opened */
  function heard(opened) {
    clearTimeout(silence)
    silence = setTimeout(() => {
      if (socket !== opened) return
      socket = undefined
      opened.close()
      away('Nothing was heard of Steward for too long.')
    }, SILENCE_MS)
  }

  /** @param {string} says */
  function away(says) {
    if (ended) return
    awaySinceMs ??= Date.now()
    onState({ kind: 'away', sinceMs: awaySinceMs, retryAtMs: Date.now() + waitMs, says })
    retry = setTimeout(soon, waitMs)
    // Not all pages of a house at the same moment.
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2) * (0.8 + Math.random() * 0.4)
  }
}
