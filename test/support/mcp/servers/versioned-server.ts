/** A tiny server over standard streams that is another one in every version, as `npx package@version` would start it: for upgrades. */
import { createInterface } from 'node:readline'

const version = process.argv[2]?.split('@').at(-1) ?? '0.0.0'
/** 8.0.0 never starts; 3.0.0 starts, and ends a moment later. */
if (version === '8.0.0') {
  process.stderr.write('this version is broken\n')
  process.exit(1)
}
const schema = { type: 'object' }
const tools = [
  { name: 'echo', description: version === '1.0.0' ? 'says it again' : 'says it again, louder', inputSchema: schema },
  { name: 'slow', description: 'takes two seconds', inputSchema: schema },
  ...(version === '1.0.0' ? [] : [{ name: 'extra', description: 'is new', inputSchema: schema }]),
]

type Asked = Readonly<{ id?: number | string; method?: string; params?: Readonly<{ name?: string; protocolVersion?: string }> }>

const answer = (id: Asked['id'], result: object): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`)

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, method, params }: Asked = JSON.parse(line)
    if (id === undefined) return
    switch (method) {
      case 'initialize':
        return answer(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'tiny', version } })
      case 'ping':
        return answer(id, {})
      case 'tools/list':
        if (version === '3.0.0') setTimeout(() => process.exit(1), 1_000)
        return answer(id, { tools })
      case 'tools/call': {
        const result = { content: [{ type: 'text', text: version }] }
        return void setTimeout(() => answer(id, result), params?.name === 'slow' ? 2_000 : 0)
      }
      default:
        process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } })}\n`)
    }
  })
  .on('close', () => process.exit(0))
