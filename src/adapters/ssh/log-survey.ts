/** What lies at the path of a log and beside it: the file itself, and those that it may have been renamed or copied to. */
import { type BlindReason, HostUnreachable, RemoteOutcomeUnknown, RemoteTimeout } from '../../domain/ports/remote-host.ts'
import type { Connection } from './connection.ts'
import type { FileIdentity } from './log-head.ts'
import { run } from './run.ts'
import { ownScript } from './scripts.ts'
import type { Tuning } from './tuning.ts'

export type LogFile = FileIdentity &
  Readonly<{
    /** Where it is read: the path itself, or a name in its directory. */
    path: string
    size: number
    /** Seconds with nine decimals, as text: comparing by number would lose some of them. */
    changed: string
    /** SHA-256 of the asked number of first bytes; undefined when none was asked for. */
    headSha256: string | undefined
    /** Its name says that it is a rotated form of the log. One found by its inode alone need not be. */
    rotated: boolean
  }>

export type Survey = Readonly<{
  at: Readonly<{ kind: 'readable' }> | Readonly<{ kind: Exclude<BlindReason, 'host-unreachable'>; says: string }>
  here: LogFile | undefined
  /** Oldest first. Never the file at the path itself, whatever other names it has. */
  beside: readonly LogFile[]
}>

const SURVEY_TIMEOUT_MS = 30_000

export async function survey(
  connection: Connection,
  path: string,
  { headLengthBytes, inode, tuning, signal }: { headLengthBytes: number; inode: string; tuning: Tuning; signal: AbortSignal },
): Promise<Survey> {
  const { hostId } = connection
  try {
    const { stdout } = await run(
      connection,
      {
        doing: 'survey of a log',
        what: { kind: 'exec', argv: ownScript('survey', path, String(headLengthBytes), inode) },
        timeoutMs: SURVEY_TIMEOUT_MS,
        signal,
      },
      tuning,
    )
    return parseSurvey(path, stdout.toString('utf8'))
  } catch (error) {
    // A look changes nothing: whatever comes between is only an unreachable host.
    if (error instanceof RemoteOutcomeUnknown)
      throw new HostUnreachable({ hostId, rule: 'connection-lost', says: error.message, cause: error })
    if (error instanceof RemoteTimeout)
      throw new HostUnreachable({ hostId, rule: 'timeout', says: 'the directory of the log cannot be read', cause: error })
    throw error
  }
}

const BLIND: readonly string[] = ['missing', 'unreadable', 'not-a-regular-file'] satisfies BlindReason[]
const FILE = /^(here|beside) (\d+) (\d+) (\d+) (\d+\.\d+) (-|[0-9a-f]{64}) (.+)$/

export function parseSurvey(path: string, text: string): Survey {
  const directory = path.slice(0, path.lastIndexOf('/') + 1)
  const base = path.slice(directory.length)
  let at: Survey['at'] = { kind: 'missing', says: 'the host did not say' }
  let here: LogFile | undefined
  const beside = new Map<string, LogFile>()
  for (const line of text.split('\n')) {
    const [, word, says] = /^at (\S+) ?(.*)$/.exec(line) ?? []
    if (word === 'readable') at = { kind: 'readable' }
    else if (isBlind(word)) at = { kind: word, says: says?.trim() ?? '' }
    const [, where, device, inode, size, changed, sum, name] = FILE.exec(line) ?? []
    if (device === undefined || inode === undefined || changed === undefined || name === undefined) continue
    const file = { device, inode, size: Number(size), changed, headSha256: sum === '-' ? undefined : sum }
    if (where === 'here') here = { ...file, path, rotated: false }
    else beside.set(`${device}:${inode}`, { ...file, path: directory + name, rotated: isRotatedName(base, name) })
  }
  if (here !== undefined) beside.delete(`${here.device}:${here.inode}`)
  return { at, here, beside: [...beside.values()].sort(byChange) }
}

const isBlind = (word: string | undefined): word is Exclude<BlindReason, 'host-unreachable'> => word !== undefined && BLIND.includes(word)

const byChange = (a: LogFile, b: LogFile): number => compareChanged(a.changed, b.changed)

/** Both have nine decimals, so text of one length compares as the number does. */
export function compareChanged(a: string, b: string): number {
  const width = Math.max(a.length, b.length)
  const [left, right] = [a.padStart(width, '0'), b.padStart(width, '0')]
  return left < right ? -1 : left > right ? 1 : 0
}

/** `error.log.1`, `error.log-20261121`, `error-20261121.log`, `error.log.old`; but not `error-tls.log`, which is another log. */
function isRotatedName(base: string, name: string): boolean {
  const dot = base.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [base.slice(0, dot), base.slice(dot)] : [base, '']
  if (name.startsWith(base) && SUFFIX.test(name.slice(base.length))) return true
  return extension !== '' && name.startsWith(stem) && name.endsWith(extension) && SUFFIX.test(name.slice(stem.length, -extension.length))
}

const SUFFIX = /^[.-](?:\d[\dTtZ:._-]*|old|prev)$/
