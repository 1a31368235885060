// The smallest stdio server that still is one: answers the handshake of both eras, lists one tool, and gives back what a call says.
import process from 'node:process'

const TOOL = { name: 'echo', description: 'Gives back', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }
const META = { 'io.modelcontextprotocol/serverInfo': { name: 'echo', version: '1' } }
const era = process.argv[2]
let rest = ''

function answer({ id, method, params }) {
  switch (method) {
    case 'initialize':
      if (era === 'stateless') return { id, error: { code: -32601, message: 'Method not found' } }
      return {
        id,
        result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1' } },
      }
    case 'server/discover':
      if (era !== 'stateless') return { id, error: { code: -32601, message: 'Method not found' } }
      return { id, result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, resultType: 'complete', _meta: META } }
    case 'ping':
      return { id, result: {} }
    case 'tools/list':
      return { id, result: { tools: [TOOL], resultType: 'complete' } }
    case 'tools/call':
      return { id, result: { content: [{ type: 'text', text: params.arguments.text }], resultType: 'complete' } }
    default:
      return { id, error: { code: -32601, message: 'Method not found' } }
  }
}

process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  let out = ''
  for (const line of lines) {
    const message = JSON.parse(line)
    if (message.id !== undefined) out += `${JSON.stringify({ jsonrpc: '2.0', ...answer(message) })}\n`
  }
  if (out !== '') process.stdout.write(out)
})
process.stdin.on('end', () => process.exit(0))
