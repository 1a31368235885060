/** A host in memory that keeps the promises of the port: marks are exclusive, files are what the test put there, and it can be away. */
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import {
  type ExecuteOptions,
  type HostKey,
  HostUnreachable,
  type LogReport,
  MarkTaken,
  type RemoteHost,
  type RemoteHosts,
} from '../../../src/domain/ports/remote-host.ts'

export const hostKey: HostKey = { key: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:shown' }

export class BehavedHost {
  /** Undefined: it answers. */
  away: HostUnreachable['rule'] | undefined
  /** Why it is away, where an error of another kind is behind it. */
  cause: unknown
  /** The key that it shows. */
  shows: (address: string) => HostKey = () => hostKey
  readonly asked: Program[] = []
  readonly forgotten: string[] = []
  readonly marks = new Set<string>()
  /** What it answers; undefined: an empty success. */
  answer: (program: Program) => Output | undefined = () => undefined
  /** What following a log yields; it goes on until the signal aborts. */
  reports: readonly LogReport[] = []

  hosts(): RemoteHosts {
    return {
      open: () => this.#remote,
      scanHostKey: async (address) => {
        this.#reach()
        return this.shows(address)
      },
      forget: async (hostId) => void this.forgotten.push(hostId),
      close: async () => undefined,
    }
  }

  #reach(): void {
    if (this.away !== undefined) throw new HostUnreachable({ hostId: 'host', rule: this.away, cause: this.cause })
  }

  async #execute(program: Program, { mark }: ExecuteOptions): Promise<Output> {
    this.#reach()
    if (mark) {
      const key = `${mark.executionId}/${mark.step}`
      if (this.marks.has(key)) throw new MarkTaken({ mark })
      this.marks.add(key)
    }
    this.asked.push(program)
    return this.answer(program) ?? { kind: 'text', exitCode: 0, stdout: '', stderr: '' }
  }

  async *#follow(signal: AbortSignal): AsyncGenerator<LogReport> {
    for (const report of this.reports) yield report
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  get #remote(): RemoteHost {
    return {
      execute: (program, options) => this.#execute(program, options),
      settle: async () => ({ kind: 'void' }),
      follow: (_path, { signal }) => this.#follow(signal),
      close: async () => undefined,
    }
  }

  get remote(): RemoteHost {
    return this.#remote
  }
}
