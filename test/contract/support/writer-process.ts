/**
 * Main program of the process that is killed: `node writer-process.ts <module> <settings as JSON> <stream>`. The module exports
 * `openStore(settings)`. One line per acknowledged append goes to standard output.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { EventStore, StreamName } from '../../../src/domain/ports/event-store.ts'
import type { Json } from '../../../src/domain/ports/json.ts'
import type { Acknowledged, Writer } from './log-under-test.ts'
import { appendForEver } from './writer.ts'

/** What a module must export to be used here. */
export type OpenStore = (settings: Json) => Promise<EventStore>

/** Starts this file as a process that writes through the store that `module` opens. */
export function spawnWriter(module: URL, settings: Json, stream: StreamName): Writer {
  const child = spawn(process.execPath, [import.meta.filename, module.href, JSON.stringify(settings), stream], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { acknowledged: linesOf(child), kill: () => killHard(child) }
}

async function* linesOf(child: ChildProcess): AsyncGenerator<Acknowledged> {
  if (!child.stdout) throw new Error('the writer has no standard output')
  for await (const line of createInterface({ input: child.stdout })) {
    const { eventIds, revision } = Line.parse(JSON.parse(line))
    yield { eventIds, revision: BigInt(revision) }
  }
}

async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

const Line = z.object({ eventIds: z.array(z.string()), revision: z.string() })
const Module = z.object({ openStore: z.custom<OpenStore>((value) => typeof value === 'function') })
const Stream = z.templateLiteral([z.string(), '-', z.string()])

async function main(module: string, settings: string, stream: string): Promise<void> {
  const { openStore } = Module.parse(await import(module))
  const store = await openStore(JSON.parse(settings))
  for await (const { eventIds, revision } of appendForEver(store, Stream.parse(stream))) {
    process.stdout.write(`${JSON.stringify({ eventIds, revision: String(revision) })}\n`)
  }
}

const [, entry, module, settings, stream] = process.argv
if (entry && import.meta.url === pathToFileURL(entry).href && module && settings && stream) await main(module, settings, stream)
