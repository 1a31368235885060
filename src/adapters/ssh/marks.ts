/** Marks of steps that no shell can carry: those of drivers, and the question what became of a step. */
import {
  HostUnreachable,
  type Mark,
  type MarkState,
  MarkTaken,
  RemoteOutcomeUnknown,
  RemoteTimeout,
} from '../../domain/ports/remote-host.ts'
import type { Connection } from './connection.ts'
import { hold, marksDirectory } from './mark-path.ts'
import { run } from './run.ts'
import { ownScript } from './scripts.ts'
import type { Tuning } from './tuning.ts'

/** Writing a few bytes to a disk, however busy. */
const MARK_TIMEOUT_MS = 20_000

/** @throws MarkTaken somebody ran or fenced this step before. */
export async function beginMark(
  connection: Connection,
  mark: Mark,
  timeoutMs: number,
  tuning: Tuning,
  signal?: AbortSignal,
): Promise<void> {
  const said = await askMark(connection, ['begin', marksDirectory(mark), mark.step, String(hold(timeoutMs, tuning))], tuning, signal)
  if (said === 'taken') throw new MarkTaken({ mark })
}

export async function endMark(connection: Connection, mark: Mark, exitCode: number, tuning: Tuning): Promise<void> {
  await askMark(connection, ['end', marksDirectory(mark), mark.step, String(exitCode)], tuning)
}

/** Asking twice is harmless, so whatever comes between is only an unreachable host. */
export async function settleMark(connection: Connection, mark: Mark, tuning: Tuning, signal?: AbortSignal): Promise<MarkState> {
  try {
    return parse(await askMark(connection, ['settle', marksDirectory(mark), mark.step], tuning, signal))
  } catch (error) {
    signal?.throwIfAborted()
    const { hostId } = connection
    if (error instanceof RemoteOutcomeUnknown)
      throw new HostUnreachable({ hostId, rule: 'connection-lost', says: error.message, cause: error })
    if (error instanceof RemoteTimeout) throw new HostUnreachable({ hostId, rule: 'timeout', says: error.message, cause: error })
    throw error
  }
}

async function askMark(connection: Connection, args: readonly string[], tuning: Tuning, signal?: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await run(
    connection,
    { doing: `mark ${args[0]}`, what: { kind: 'exec', argv: ownScript('mark', ...args) }, timeoutMs: MARK_TIMEOUT_MS, signal },
    tuning,
  )
  if (exitCode !== 0) {
    throw new HostUnreachable({ hostId: connection.hostId, rule: 'channel-refused', says: `no mark: ${stderr.toString('utf8').trim()}` })
  }
  return stdout.toString('utf8').trim()
}

function parse(said: string): MarkState {
  const [kind, fact] = said.split(' ')
  if (kind === 'void' || kind === 'running') return { kind }
  if (kind === 'ended' && fact !== undefined && /^\d+$/.test(fact)) return { kind, exitCode: Number(fact) }
  return { kind: 'unknown', rebooted: fact === 'rebooted' }
}
