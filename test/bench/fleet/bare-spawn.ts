/** Programs started by nothing but `spawn`: some at once, each agreed with and its tools listed, all ended when the last one is there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Milliseconds until the last one had listed its tools. */
export async function spawnBare(programs: number, atOnce: number, args: readonly string[]): Promise<number> {
  const running: ChildProcess[] = []
  let left = programs
  const began = performance.now()
  async function oneAfterTheOther(): Promise<void> {
    while (left-- > 0) running.push(await ready(args))
  }
  await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther))
  const tookMs = performance.now() - began
  await Promise.all(running.map((child) => ended(child)))
  return tookMs
}

async function ready(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  const { stdin, stdout } = child
  const lines = createInterface({ input: stdout })
  const say = async (message: object): Promise<void> => {
    const answer = once(lines, 'line')
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    await answer
  }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  await say({ id: 1, method: 'initialize', params })
  stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
  await say({ id: 2, method: 'tools/list' })
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.stdin?.end()
  await gone
}
