/**
 * Runs one program on a host and tells, without guessing, what became of it: it ended, its time was up, it never began, or nobody knows.
 * The proof is the line behind a nonce that `scripts/run.sh` writes; an exit status alone proves nothing.
 */
import { randomBytes } from 'node:crypto'
import { HostUnreachable, type Mark, MarkTaken, RemoteOutcomeUnknown, RemoteTimeout } from '../../domain/ports/remote-host.ts'
import type { Connection, Session } from './connection.ts'
import { hold, marksDirectory } from './mark-path.ts'
import { ownCommand, seconds } from './scripts.ts'
import type { Tuning } from './tuning.ts'

export type RunSpec = Readonly<{
  /** What it is, for messages. */
  doing: string
  /** `script`: the arguments begin with its name, and `text` is its text. */
  what: Readonly<{ kind: 'exec'; argv: readonly string[] }> | Readonly<{ kind: 'script'; text: string; args: readonly string[] }>
  timeoutMs: number
  maxOutputBytes?: number | undefined
  mark?: Mark | undefined
  signal?: AbortSignal | undefined
}>

export type RunResult = Readonly<{ exitCode: number; stdout: Buffer; stderr: Buffer; cut: boolean }>

const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024
/** For verdicts, which travel beside the output, and for what a login says before it. */
const ROOM_BYTES = 64 * 1024
/** A daemon that keeps the output open must not keep us. */
const LINGER_MS = 500

export async function run(connection: Connection, spec: RunSpec, tuning: Tuning): Promise<RunResult> {
  const { timeoutMs, mark, signal, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = spec
  requirePositive('timeoutMs', timeoutMs)
  requirePositive('maxOutputBytes', maxOutputBytes)
  const nonce = randomBytes(16).toString('hex')
  const { what } = spec
  const command = ownCommand(
    'run',
    // One byte more than asked for tells whether something was left out.
    String(maxOutputBytes + 1),
    seconds(timeoutMs),
    String(Math.ceil(timeoutMs / 10)),
    seconds(tuning.killGraceMs),
    mark === undefined ? '' : marksDirectory(mark),
    mark === undefined ? '' : mark.step,
    String(hold(timeoutMs, tuning)),
    what.kind,
    ...(what.kind === 'exec' ? what.argv : what.args),
  )
  const text = what.kind === 'exec' ? '' : `${what.text}\n${nonce}`
  const input = `${nonce} ${Buffer.byteLength(text)}\n${text}`
  const session = await connection.openSession(command, { signal })
  try {
    return judge(
      await exchange(session, input, { ...spec, nonce, maxOutputBytes, giveUpMs: timeoutMs + tuning.killGraceMs + tuning.answerGraceMs }),
      {
        nonce,
        spec,
        maxOutputBytes,
        hostId: connection.hostId,
      },
    )
  } finally {
    session.release()
  }
}

type Exchange = Readonly<{
  stdout: Buffer
  stderr: Buffer
  end: 'closed' | 'lingering' | 'overdue' | 'aborted' | 'lost'
  cause?: unknown
}>

/** Sends the input and collects until the channel closes, or until there is nothing more to wait for. Never rejects: from here on, the host may act. */
function exchange(
  { channel, live }: Session,
  input: string,
  {
    nonce,
    maxOutputBytes,
    giveUpMs,
    signal,
  }: { nonce: string; maxOutputBytes: number; giveUpMs: number; signal?: AbortSignal | undefined },
): Promise<Exchange> {
  return new Promise((resolve) => {
    const verdict = new RegExp(`\\n${nonce} (?!begin)[^\\n]*\\n`)
    const stdout = createCollector(maxOutputBytes + 1 + ROOM_BYTES)
    const stderr = createCollector(maxOutputBytes + 1 + ROOM_BYTES)
    let lingering: NodeJS.Timeout | undefined
    const finish = (end: Exchange['end'], cause?: unknown): void => {
      clearTimeout(overdue)
      clearTimeout(lingering)
      signal?.removeEventListener('abort', abort)
      live.ended.removeEventListener('abort', lost)
      channel.removeAllListeners('close')
      resolve({ stdout: stdout.bytes(), stderr: stderr.bytes(), end, cause })
      if (end !== 'closed') channel.close()
    }
    const abort = (): void => finish('aborted', signal?.reason)
    const lost = (): void => finish('lost', live.ended.reason)
    const overdue = setTimeout(() => finish('overdue'), giveUpMs)
    signal?.addEventListener('abort', abort, { once: true })
    live.ended.addEventListener('abort', lost, { once: true })
    channel.on('error', () => undefined)
    // The verdict overtakes output that is still on its way, so each piece of output starts the wait again.
    channel.on('data', (bytes: Buffer) => {
      stdout.add(bytes)
      lingering?.refresh()
    })
    channel.stderr.on('data', (bytes: Buffer) => {
      stderr.add(bytes)
      lingering?.refresh()
      if (lingering === undefined && verdict.test(stderr.tail())) lingering = setTimeout(() => finish('lingering'), LINGER_MS)
    })
    channel.once('close', () => finish('closed'))
    if (live.ended.aborted) return lost()
    channel.end(input)
  })
}

function judge(
  { stdout, stderr, end, cause }: Exchange,
  { nonce, spec, maxOutputBytes, hostId }: { nonce: string; spec: RunSpec; maxOutputBytes: number; hostId: string },
): RunResult {
  const verdicts = new Map<string, string>()
  // latin1: one character for each byte, so that nothing is lost on the way through text.
  const text = behindLogin(stderr, nonce)
    .toString('latin1')
    .replaceAll(new RegExp(`\\n${nonce} (\\w+) ?([^\\n]*)\\n`, 'g'), (_, word: string, rest: string) => {
      verdicts.set(word, rest)
      return ''
    })
  const { timeoutMs, mark, doing } = spec
  if (mark !== undefined && verdicts.has('taken')) throw new MarkTaken({ mark })
  const broken = verdicts.get('broken')
  if (broken !== undefined) throw new HostUnreachable({ hostId, rule: 'channel-refused', says: broken })
  if (verdicts.has('timeout')) throw new RemoteTimeout({ timeoutMs })
  const code = verdicts.get('ended')
  if (code === undefined) {
    // The server says that it is over, and our shell never began: a login that permits no commands, for example.
    if (end === 'closed' && !stderr.includes(beginning(nonce))) {
      // Of both: a missing home directory is complained of on one, why nothing runs is often told on the other.
      const says = [text, stdout.toString('latin1')].map(firstLine).filter(Boolean).join('; ') || 'the login runs no commands'
      throw new HostUnreachable({ hostId, rule: 'channel-refused', says })
    }
    throw new RemoteOutcomeUnknown({
      doing,
      cause: cause ?? new Error(end === 'overdue' ? 'no answer in time' : 'the channel closed without a verdict'),
    })
  }
  const output = behindLogin(stdout, nonce)
  const errors = Buffer.from(text, 'latin1')
  return {
    exitCode: Number(code),
    stdout: output.subarray(0, maxOutputBytes),
    stderr: errors.subarray(0, maxOutputBytes),
    cut: output.length > maxOutputBytes || errors.length > maxOutputBytes,
  }
}

/** What our shell writes first on both streams. */
export const beginning = (nonce: string): Buffer => Buffer.from(`\n${nonce} begin\n`)

function behindLogin(bytes: Buffer, nonce: string): Buffer {
  const mark = beginning(nonce)
  const at = bytes.indexOf(mark)
  return at === -1 ? bytes : bytes.subarray(at + mark.length)
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? ''

/** Keeps the first `limit` bytes. The host cuts already; this one is for a host that lies. */
function createCollector(limit: number): { add(bytes: Buffer): void; bytes(): Buffer; tail(): string } {
  const kept: Buffer[] = []
  let length = 0
  return {
    add(bytes) {
      if (length >= limit) return
      const room = bytes.subarray(0, limit - length)
      kept.push(room)
      length += room.length
    },
    bytes: () => Buffer.concat(kept),
    tail: () => Buffer.concat(kept.slice(-3)).toString('latin1').slice(-512),
  }
}

function requirePositive(field: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0) throw new RangeError(`${field} must be a positive whole number: ${value}`)
}
