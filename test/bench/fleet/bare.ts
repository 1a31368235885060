/**
 * A bare pass-through as a measure: POST in, a line to the child under another id, its answer out. No key, no check, no session, no record, no
 * time-out: nothing that a gateway is for.
 */
import { spawn } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'

export type Bare = Readonly<{ url: string; close(): Promise<void> }>

export async function startBare(command: string, args: readonly string[]): Promise<Bare> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, { id: unknown; outgoing: ServerResponse }>()
  let last = 0
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const message = JSON.parse(line)
      const call = waiting.get(message.id)
      if (call === undefined) continue
      waiting.delete(message.id)
      const text = JSON.stringify({ ...message, id: call.id })
      call.outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      call.outgoing.end(text)
    }
  })
  const server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8')
    incoming.on('data', (chunk: string) => {
      body += chunk
    })
    incoming.on('end', () => {
      const message = JSON.parse(body)
      const id = ++last
      waiting.set(id, { id: message.id, outgoing })
      child.stdin.write(`${JSON.stringify({ ...message, id })}\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return {
    url: `http://127.0.0.1:${address.port}/mcp/echo`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await exited
    },
  }
}
