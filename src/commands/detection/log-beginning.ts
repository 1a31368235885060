/**
 * Where watching a log begins: behind what stands in it when its target is registered. Taken before the registration is recorded, so that a line
 * written in the moment after is already new, however long it takes until somebody follows the log.
 */
import type { LogCursor, RemoteHost } from '../../domain/ports/remote-host.ts'

/** Undefined when the log cannot be read, or does not answer before the signal aborts. */
export async function logBeginning(remote: RemoteHost, path: string, signal: AbortSignal): Promise<LogCursor | undefined> {
  for await (const report of remote.follow(path, { start: 'end', signal })) {
    if (report.kind === 'blind') return undefined
    if (report.kind === 'lines') return report.cursor
  }
  return undefined
}
