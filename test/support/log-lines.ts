/** Where a service under test logs to: kept, to be read by the test or shown when it fails. */
import { Writable } from 'node:stream'

export type LogLines = Readonly<{
  /** What the service is started with. */
  logStream: Writable
  /** As written so far, each with its line end. */
  lines: readonly string[]
}>

export function collectLogLines(): LogLines {
  const lines: string[] = []
  const logStream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { logStream, lines }
}
