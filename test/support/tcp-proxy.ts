/**
 * A TCP line that a test can break: refuse, freeze, reset, or lose answers. It stands in front of any networked adapter, so that outages are
 * real sockets doing what real sockets do, and not an adapter's idea of them.
 */
import { once } from 'node:events'
import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** How many client connections are open now. */
  readonly connections: number
  /** Refuses new connections and resets those that are open. */
  stop(): Promise<void>
  /** Accepts again, on the same port. */
  start(): Promise<void>
  /** Nothing passes in either direction any more, and nobody is told. New connections are accepted and stay silent. */
  freeze(): void
  /** Everything held back since `freeze` passes. */
  thaw(): void
  /** Resets all open connections; new ones are served. */
  resetConnections(): void
  /**
   * Waits for the next connection whose client sends `request` (as Latin-1 text; '' is anything). The request still reaches the server; of
   * the server's answers on that connection nothing reaches the client any more. Resolves when the request has passed.
   */
  loseAnswersTo(request: string): Promise<void>
  close(): Promise<void>
}

type Line = { client: Socket; server: Socket; deaf: boolean; tail: string }

export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  const lines = new Set<Line>()
  const frozen = new Set<Socket>()
  let isFrozen = false
  let trap: { request: string; sprung: () => void } | undefined

  const hold = (socket: Socket): void => {
    socket.pause()
    frozen.add(socket)
  }

  const accept = (client: Socket): void => {
    const server = createConnection(target)
    const line: Line = { client, server, deaf: false, tail: '' }
    lines.add(line)
    for (const socket of [client, server]) socket.setNoDelay(true)
    client.on('data', (chunk) => {
      if (trap && springs(line, chunk, trap.request)) {
        line.deaf = true
        trap.sprung()
        trap = undefined
      }
      if (!server.write(chunk)) client.pause()
    })
    server.on('data', (chunk) => {
      if (!line.deaf && !client.write(chunk)) server.pause()
    })
    resumeOnDrain(server, client)
    resumeOnDrain(client, server)
    client.on('end', () => server.end())
    server.on('end', () => client.end())
    // An error is the test's business on the client's side; here it only takes the line down.
    client.on('error', () => server.destroy())
    server.on('error', () => reset(client))
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('close', () => {
        other.destroy()
        frozen.delete(socket)
        lines.delete(line)
      })
    }
    if (isFrozen) for (const socket of [client, server]) hold(socket)
  }

  const resumeOnDrain = (sink: Socket, source: Socket): void => {
    sink.on('drain', () => {
      if (!frozen.has(source)) source.resume()
    })
  }

  const resetConnections = (): void => {
    for (const { client, server } of lines) {
      reset(client)
      server.destroy()
    }
    lines.clear()
  }

  let listener = await listen(0, accept)
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no TCP port')
  const { port } = address

  const stop = async (): Promise<void> => {
    if (!listener.listening) return
    const closed = once(listener, 'close')
    listener.close()
    resetConnections()
    await closed
  }

  return {
    host: '127.0.0.1',
    port,
    get connections() {
      return lines.size
    },
    stop,
    async start() {
      if (!listener.listening) listener = await listen(port, accept)
    },
    freeze() {
      isFrozen = true
      for (const { client, server } of lines) for (const socket of [client, server]) hold(socket)
    },
    thaw() {
      isFrozen = false
      for (const socket of frozen) socket.resume()
      frozen.clear()
    },
    resetConnections,
    loseAnswersTo: (request) =>
      new Promise((resolve) => {
        trap = { request, sprung: resolve }
      }),
    close: stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  const listener = createServer({ allowHalfOpen: true }, accept)
  listener.listen(port, '127.0.0.1')
  await once(listener, 'listening')
  return listener
}

/** Only for the client's side, which is always TCP: a unix socket cannot be reset. */
function reset(client: Socket): void {
  if (!client.destroyed) client.resetAndDestroy()
}

/** Whether the request is in what this client has sent, also when it is split over two chunks. */
function springs(line: Line, chunk: Buffer, request: string): boolean {
  const text = line.tail + chunk.toString('latin1')
  line.tail = request.length > 1 ? text.slice(1 - request.length) : ''
  return text.includes(request)
}
