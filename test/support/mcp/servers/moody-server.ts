/**
 * A tiny server without any library, as well or ill as its environment says. `MOOD`: `well`; `ill` ends before it agrees with anybody; `frail` ends a moment
 * after it has listed its tools. `SAYS` is written to its error stream before it ends. `FORGE` names a file: while it is missing the server makes it, and
 * ends once, ill. `TURNS` names a file: as soon as it is there, the server is frail. `EATS`: so many MiB it takes a moment after it has listed its tools.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const { MOOD = 'well', SAYS = 'no such setting', FORGE, TURNS, EATS } = process.env
const end = (): never => {
  process.stderr.write(`${SAYS}\n`)
  process.exit(1)
}
if (MOOD === 'ill') end()
if (FORGE !== undefined && !existsSync(FORGE)) {
  writeFileSync(FORGE, '')
  end()
}
const isFrail = (): boolean => MOOD === 'frail' || (TURNS !== undefined && existsSync(TURNS))
const eaten: Buffer[] = []
function eat(mib: number): void {
  if (eaten.length === 0) eaten.push(Buffer.alloc(mib * 1024 * 1024, 1))
}
const answers: Readonly<Record<string, (params: { protocolVersion?: string }) => object>> = {
  initialize: ({ protocolVersion = '2025-11-25' }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'moody', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => {
    if (isFrail()) setTimeout(end, 150)
    if (EATS !== undefined) setTimeout(eat, 150, Number(EATS))
    return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }
  },
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line)
  if (id === undefined) return
  const answer = answers[method]
  const body = answer ? { result: answer(params) } : { error: { code: -32601, message: 'Method not found' } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...body })}\n`)
})
