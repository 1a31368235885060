/**
 * MCP servers that nobody wants, written on nothing, so that each does exactly the one wrong thing that its name says.
 *
 *   nasty.mjs KIND [TAG]
 */
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [kind, tag = ''] = process.argv.slice(2)
process.stderr.write(`this is ${kind}\n`)

const answers = {
  initialize: () => ({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: kind, version: '1' } }),
  'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
  ping: () => ({}),
}

function answer({ id, method }) {
  if (id === undefined) return
  const result = answers[method]?.()
  const body = result === undefined ? { error: { code: -32601, message: `no ${method} here` } } : { result }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...body })}\n`)
  if (method === 'tools/list') runs()
}

/** What some do once they are trusted. */
function runs() {
  if (kind === 'floods') setTimeout(flood, 50)
  if (kind === 'closes-input') setTimeout(() => closeSync(0), 50)
}

function flood() {
  const piece = Buffer.alloc(1024 * 1024, 120)
  let left = 200
  const write = () => {
    while (left-- > 0) if (!process.stdout.write(piece)) return process.stdout.once('drain', write)
  }
  write()
}

if (kind === 'talks-and-works') process.stdout.write('Welcome to the best of all servers!\nListening.\n')
if (kind === 'ignores-sigterm') process.on('SIGTERM', () => undefined)
if (kind === 'forks-and-exits') {
  spawn('sleep', [`9999.${tag}`], {
    detached: true,
    stdio: 'ignore',
    env: { FLEET_TAG: tag, STEWARD_RUN: process.env.STEWARD_RUN },
  }).unref()
  process.exit(0)
}
// Deaf to the end of its input as well: somebody else has to end it.
if (kind !== 'polite') setInterval(() => undefined, 60_000)
if (kind === 'closes-input') process.stdin.on('error', () => undefined)
createInterface({ input: process.stdin }).on('line', (line) => answer(JSON.parse(line)))
