/** A tiny server that says of itself what a file says: its tools, its instructions, and what it writes to its error stream. Read anew in every life. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const { tools = [], instructions, stderr = '' } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
process.stderr.write(stderr)

const answers: Readonly<Record<string, () => object>> = {
  initialize: () => ({
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'telling', version: '1.0.0' },
    ...(instructions === undefined ? {} : { instructions }),
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'done' }] }),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  if (id === undefined) return
  const result = answers[method]?.()
  const body = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...body })}\n`)
})
