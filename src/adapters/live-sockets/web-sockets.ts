/**
 * WebSockets on a listener of HTTP. Who may come in is asked before the first byte is answered; a frame that is too large, not text, or not UTF-8
 * ends its connection by the rules of the protocol (1009, 1003, 1007). Closing ends them all.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Admission, Admit, LiveSocket } from '../../domain/ports/live-sockets.ts'
import type { Logger } from '../../domain/ports/logger.ts'

export type WebSocketOptions = Readonly<{
  admit: Admit
  logger: Logger
  /** Of one message of a peer. Default: 16 KiB. */
  maxMessageBytes?: number
}>

/** How long a peer may take to answer a goodbye before it is cut. */
const GOODBYE_MS = 2_000
/** What an upgrade may take to be judged, asking the database for the key included. */
const ADMISSION_MS = 10_000

/** Answers with the function that lets no more in and ends those that are there, after they were told by whoever took them. */
export function serveWebSockets(
  server: Server,
  { admit, logger, maxMessageBytes = 16_384 }: WebSocketOptions,
): Readonly<{ close: (graceMs: number) => Promise<void> }> {
  let chosen: string | undefined
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    // Compression costs memory per connection, and a small message can unpack to a large one.
    perMessageDeflate: false,
    // Only ever what the admission chose: another one may carry a key.
    handleProtocols: () => chosen ?? false,
  })

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const broken = (): void => void socket.destroy()
    socket.on('error', broken)
    const timer = setTimeout(broken, ADMISSION_MS)
    judge(request)
      .then((admission) => {
        clearTimeout(timer)
        if (socket.destroyed) return
        if (admission.kind === 'refused') return refuse(socket, admission)
        socket.off('error', broken)
        chosen = admission.subprotocol
        sockets.handleUpgrade(request, socket, head, (ws) => take(ws, admission))
      })
      .catch((error: unknown) => {
        clearTimeout(timer)
        logger.error({ error }, 'a WebSocket could not be opened')
        if (!socket.destroyed) refuse(socket, { kind: 'refused', status: 500, headers: {}, body: '' })
      })
  }
  server.on('upgrade', upgrade)

  function judge(request: IncomingMessage): Promise<Admission> {
    return admit({
      target: request.url ?? '/',
      header(name) {
        const value = request.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
      address: request.socket.remoteAddress ?? 'unknown',
    })
  }

  return {
    async close(graceMs) {
      server.off('upgrade', upgrade)
      const left = [...sockets.clients]
      const ended = Promise.all(left.map((ws) => new Promise<void>((resolve) => ws.once('close', () => resolve()))))
      const timer = setTimeout(() => {
        for (const ws of left) ws.terminate()
      }, graceMs)
      for (const ws of left) ws.close(1001, 'the service stops')
      await ended
      clearTimeout(timer)
      await new Promise<void>((resolve) => sockets.close(() => resolve()))
    },
  }
}

function take(ws: WebSocket, { open }: Extract<Admission, { kind: 'admitted' }>): void {
  let goodbye: NodeJS.Timeout | undefined
  const live: LiveSocket = {
    send: (text) => ws.readyState === ws.OPEN && ws.send(text),
    get bufferedBytes() {
      return ws.bufferedAmount
    },
    close(code, reason) {
      ws.close(code, reason)
      goodbye ??= setTimeout(() => ws.terminate(), GOODBYE_MS)
    },
    cut: () => ws.terminate(),
    ping: () => ws.readyState === ws.OPEN && ws.ping(),
  }
  const listener = open(live)
  // What is wrong with a frame is answered by the library with its code; then it closes.
  ws.on('error', () => undefined)
  ws.on('message', (data, isBinary) => {
    if (isBinary) live.close(1003, 'text only')
    else listener.said(data.toString())
  })
  ws.on('pong', listener.alive)
  ws.on('close', () => {
    clearTimeout(goodbye)
    listener.ended()
  })
}

function refuse(socket: Duplex, { status, headers, body }: Extract<Admission, { kind: 'refused' }>): void {
  const all = { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
