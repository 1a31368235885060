import type { Output, Program } from '../catalogue/program.ts'
import type { SecretReference } from './secrets.ts'

/**
 * A host over SSH: one connection, host key pinned, keys only. Opened on first use, reopened by itself with jitter, shared by all who ask.
 * Every adapter keeps every guarantee below; `test/contract/remote-host.ts` holds them to it.
 */
export interface RemoteHost {
  /**
   * Runs one program under a remote time-out and answers with its output, whatever the exit code. Standard input is closed behind the
   * program; output is cut at `maxOutputBytes`. With a mark, the mark is created first, exclusively, on the host's disk, and receives the
   * exit code at the end; `sql` and `redis` programs get their mark over SSH around the statement.
   * @throws HostUnreachable nothing reached the host.
   * @throws MarkTaken somebody ran or fenced this step before; nothing was run.
   * @throws RemoteTimeout the time-out ended the program on the host; what it did until then stands.
   * @throws RemoteOutcomeUnknown the program was sent, and no answer came.
   * @throws ServiceRefused the database refused the connection or the statement; nothing was done.
   */
  execute(program: Program, options: ExecuteOptions): Promise<Output>

  /**
   * What became of a marked step. A mark that does not exist is created as void in the same moment, so that a late runner is refused:
   * after `void` the step has not run and never will.
   * @throws HostUnreachable
   */
  settle(mark: Mark, options: { signal?: AbortSignal }): Promise<MarkState>

  /**
   * The lines of a log file after `from` (exclusive), then those to come, until the signal aborts. Survives rotation by rename and by
   * copytruncate, truncation and outages; a file renamed away is read to its end first. Pulled, so a slow reader costs no memory.
   * Says `gap` for bytes that can no longer be read, `blind` when the file cannot be read now and why, `seeing` when it can: the first time, and
   * again after each `blind`; so a log of which nothing was said is one that nobody has looked at.
   * A line longer than `maxLineBytes` is cut; its cursor still stands behind the whole line. Invalid UTF-8 becomes U+FFFD.
   */
  follow(path: string, options: FollowOptions): AsyncIterable<LogReport>

  close(): Promise<void>
}

/** Opens and shares hosts. */
export interface RemoteHosts {
  /** The one `RemoteHost` of this address; no traffic yet. */
  open(host: HostAddress): RemoteHost
  /**
   * The key that a server shows, without logging in; for a person to compare.
   * @throws HostUnreachable
   */
  scanHostKey(address: string, port: number, options: { signal?: AbortSignal }): Promise<HostKey>
  /** Closes the connection of a host that was retired or whose address changed. */
  forget(hostId: string): Promise<void>
  close(): Promise<void>
}

export type HostAddress = Readonly<{
  hostId: string
  address: string
  port: number
  username: string
  privateKey: SecretReference
  hostKey: HostKey
}>

/** `key` as in known_hosts (`ssh-ed25519 AAAA...`), `fingerprint` as OpenSSH prints it (`SHA256:...`). */
export type HostKey = Readonly<{ key: string; fingerprint: string }>

export type ExecuteOptions = Readonly<{
  timeoutMs: number
  /** Default 1 MiB per stream. */
  maxOutputBytes?: number
  mark?: Mark
  /** How `sql` and `redis` programs reach their service. */
  connection?: ServiceConnection
  signal?: AbortSignal
}>

/** A step of an execution, as a file on the host: `<stateDir>/marks/<executionId>/<step>`. */
export type Mark = Readonly<{ stateDir: string; executionId: string; step: string }>

export type MarkState =
  /** It did not exist: it is fenced now. */
  | Readonly<{ kind: 'void' }>
  | Readonly<{ kind: 'ended'; exitCode: number }>
  /** Started, not ended, and its remote time-out has not passed. */
  | Readonly<{ kind: 'running' }>
  /** Started and never ended: killed, or the host went down (`rebooted`). What it did is not known. */
  | Readonly<{ kind: 'unknown'; rebooted: boolean }>

export type ServiceConnection =
  | Readonly<{ kind: 'postgresql'; at: ServiceEndpoint; database: string; user: string; password?: SecretReference }>
  | Readonly<{ kind: 'redis'; at: ServiceEndpoint; user?: string; password?: SecretReference }>

/** As seen from the host itself. */
export type ServiceEndpoint = Readonly<{ socket: string }> | Readonly<{ host: string; port: number }>

export type FollowOptions = Readonly<{
  from?: LogCursor
  /** Default 1 MiB. */
  maxLineBytes?: number
  /** Where to begin without a cursor: at the oldest byte, or behind the newest. Default 'end'. */
  start?: 'oldest' | 'end'
  signal: AbortSignal
}>

/** A place in a log. `generation` names one file through its life: device, inode, and a hash of its first bytes. */
export type LogCursor = Readonly<{ generation: string; device: string; inode: string; offset: number; head: LogHead }>

/** SHA-256 over the first `lengthBytes` bytes: tells a truncated and rewritten file from the one that was read. */
export type LogHead = Readonly<{ lengthBytes: number; sha256: string }>

export type LogReport =
  /** Whole lines in order, without their newline. `cursor` stands behind the last of them. */
  | Readonly<{ kind: 'lines'; lines: readonly LogLine[]; cursor: LogCursor }>
  | Readonly<{
      kind: 'gap'
      generation: string
      fromOffset: number
      toOffset: number | undefined
      reason: GapReason
      cursor: LogCursor | undefined
    }>
  | Readonly<{ kind: 'blind'; reason: BlindReason; says: string }>
  | Readonly<{ kind: 'seeing' }>

export type LogLine = Readonly<{ text: string; offset: number; generation: string; cut: boolean }>
export type GapReason = 'truncated' | 'rotated-away' | 'replaced'
export type BlindReason = 'missing' | 'unreadable' | 'not-a-regular-file' | 'host-unreachable'

export class HostUnreachable extends Error {
  override readonly name = 'HostUnreachable'
  readonly hostId: string
  readonly rule:
    | 'refused'
    | 'timeout'
    | 'unresolvable'
    | 'no-route'
    /** Something answers at the port, and it is no SSH server. */
    | 'not-ssh'
    | 'host-key-mismatch'
    | 'key-rejected'
    | 'key-unreadable'
    | 'connection-lost'
    | 'closed'
    | 'channel-refused'
  constructor(facts: { hostId: string; rule: HostUnreachable['rule']; says?: string; cause?: unknown }) {
    super(facts.says === undefined ? `host ${facts.hostId}: ${facts.rule}` : `host ${facts.hostId}: ${facts.rule}: ${facts.says}`, {
      cause: facts.cause,
    })
    this.hostId = facts.hostId
    this.rule = facts.rule
  }
}

export class MarkTaken extends Error {
  override readonly name = 'MarkTaken'
  readonly mark: Mark
  constructor(facts: { mark: Mark }) {
    super(`step ${facts.mark.executionId}/${facts.mark.step} was run or fenced before`)
    this.mark = facts.mark
  }
}

export class RemoteTimeout extends Error {
  override readonly name = 'RemoteTimeout'
  readonly timeoutMs: number
  constructor(facts: { timeoutMs: number }) {
    super(`the program was ended after ${facts.timeoutMs} ms`)
    this.timeoutMs = facts.timeoutMs
  }
}

export class RemoteOutcomeUnknown extends Error {
  override readonly name = 'RemoteOutcomeUnknown'
  constructor(facts: { doing: string; cause?: unknown }) {
    super(`whether the host finished is unknown (${facts.doing})`, { cause: facts.cause })
  }
}

/** PostgreSQL or Redis answered with an error. `code` is the SQLSTATE, or the first word of a Redis error. */
export class ServiceRefused extends Error {
  override readonly name = 'ServiceRefused'
  readonly code: string
  constructor(facts: { code: string; says: string; cause?: unknown }) {
    super(facts.says, { cause: facts.cause })
    this.code = facts.code
  }
}
