/** Runs a command line: as a child process, as a user would; or in this process with streams of our own, which is quick enough for every screen. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { CliContext } from '../../../src/cli/context.ts'
import type { LocalServices } from '../../../src/cli/local-services.ts'
import { runCli } from '../../../src/cli/run-cli.ts'

export type Ran = Readonly<{ code: number | null; stdout: string; stderr: string }>

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

export type Surroundings = Readonly<{ env?: Readonly<Record<string, string>>; cwd?: string; input?: string }>

/** No setting of whoever runs the tests reaches the child. */
export async function steward(words: readonly string[], { env = {}, cwd, input = '' }: Surroundings = {}): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: 'pipe',
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([read(child.stdout), read(child.stderr), once(child, 'close')])
  return { code: typeof code === 'number' ? code : null, stdout, stderr }
}

/** Bytes that are no UTF-8 are a fault of their own. */
async function read(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
}

export type InProcess = Readonly<{
  env?: Readonly<Record<string, string>>
  /** A terminal of this width. */
  columns?: number
  /** What a person at the terminal types, as soon as something is asked. */
  types?: string
  nowMs?: number
  cwd?: string
  local?: Partial<LocalServices>
}>

export async function stewardHere(words: readonly string[], { types, ...surroundings }: InProcess = {}): Promise<Ran> {
  const { context, stdin, stdout, stderr } = fakeProcess(surroundings)
  const written = [stdout, stderr].map(read)
  if (types !== undefined) {
    // Not before the question: what is typed too early is lost to a prompt.
    stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('[y/N]')) stdin.write(types)
    })
  }
  const code = await runCli(words, context)
  stdout.end()
  stderr.end()
  const [out = '', err = ''] = await Promise.all(written)
  return { code, stdout: out, stderr: err }
}

/** A process that nobody runs: its streams hold what was written. */
export function fakeProcess({ env = {}, cwd = '/nonexistent', columns, nowMs, local = {} }: Omit<InProcess, 'types'> = {}) {
  const [stdin, stdout, stderr] = [new FakeStream(columns), new FakeStream(columns), new FakeStream(columns)]
  const listeners = new Set<(signal: NodeJS.Signals) => void>()
  const context: CliContext = {
    version: '0.0.0',
    nodeVersion: process.versions.node,
    platform: 'test',
    ...{ env, cwd, stdin, stdout, stderr },
    nowMs: () => nowMs ?? Date.now(),
    self: ['steward'],
    exit: (code) => {
      throw new Error(`exit ${code}`)
    },
    onSignal: (_signals, listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    local: { ...noServices, ...local },
  }
  const send = (signal: NodeJS.Signals): void => {
    for (const listener of listeners) listener(signal)
  }
  return { context, stdin, stdout, stderr, send }
}

/** A stream of a terminal of this width; or, without a width, of none. */
class FakeStream extends PassThrough {
  readonly isTTY: boolean
  columns: number
  rows = 24
  isRaw = false
  constructor(columns: number | undefined) {
    super()
    this.isTTY = columns !== undefined
    this.columns = columns ?? 0
  }
  setRawMode(raw: boolean): this {
    this.isRaw = raw
    return this
  }
  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.emit('resize')
  }
}

const refuse = () => Promise.reject(new Error('not in this test'))
const noServices: LocalServices = {
  startService: refuse,
  demoTools: refuse,
  knownActions: async () => [],
  checkFaults: refuse,
  tryEmbeddedDatabase: refuse,
  askDatabase: refuse,
  askEventStore: refuse,
}
