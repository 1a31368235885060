/**
 * The double in a process of its own, for benchmarks: as with a real server, its work does not run on the client's thread. Filled before it is
 * measured, without going over the wire. `node process.ts <namespace> <events>` prints its URL.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { startEventStoreDbDouble } from './double.ts'
import { eventAnswer } from './read-answers.ts'
import { ServerLog } from './server-log.ts'

export interface DoubleProcess extends AsyncDisposable {
  readonly url: string
}

/** How many events follow each other in one stream before the next one begins. */
const EVENTS_PER_STREAM = 20

export type Filling = Readonly<{
  namespace: string
  /** How many events, of about 300 bytes each with metadata. */
  events: number
}>

/** Starts the process and waits until it is filled and listens. */
export async function startEventStoreDbDoubleProcess({ namespace, events }: Filling): Promise<DoubleProcess> {
  const child = spawn(process.execPath, ['--max-old-space-size=8192', import.meta.filename, namespace, String(events)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [url] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit')])
  if (typeof url !== 'string') throw new Error('the double ended before it listened')
  return {
    url,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Events such as an aggregate writes: `ItemCounted` with a little data, 20 to a stream named `<namespace>.item-<n>`. */
export function fill(log: ServerLog, { namespace, events }: Filling): void {
  for (let first = 0; first < events; first += EVENTS_PER_STREAM) {
    const count = Math.min(EVENTS_PER_STREAM, events - first)
    const batch = Array.from({ length: count }, (_, index) => {
      const eventId = crypto.randomUUID()
      const data = { itemId: `item-${first / EVENTS_PER_STREAM}`, number: first + index, note: 'x'.repeat(60) }
      const metadata = { eventId, correlationId: eventId, causationId: eventId, actor: 'bench', schemaVersion: 1 }
      return {
        eventId,
        type: 'ItemCounted',
        contentType: 'application/json',
        data: Buffer.from(JSON.stringify(data)),
        metadata: Buffer.from(JSON.stringify(metadata)),
      }
    })
    log.append(`${namespace}.item-${first / EVENTS_PER_STREAM}`, 'no-stream', batch)
  }
}

async function main(namespace: string, events: number): Promise<void> {
  const log = new ServerLog()
  fill(log, { namespace, events })
  // Encoded beforehand, so that the first reader is served as fast as the second.
  for (const record of log.all) eventAnswer(record)
  const double = await startEventStoreDbDouble(log)
  process.stdout.write(`${double.url}\n`)
  // The parent may be killed: without it nobody would end this process.
  process.stdin.on('end', () => process.exit(0)).resume()
}

const [, entry, namespace, events] = process.argv
if (entry && import.meta.url === pathToFileURL(entry).href && namespace && events) await main(namespace, Number(events))
