/** A host whose logs say what the test says, when it says it, and whose programs answer as the test lets them. */
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import type { FollowOptions, LogCursor, LogReport, RemoteHost, RemoteHosts } from '../../../src/domain/ports/remote-host.ts'

type Asking = Readonly<{
  program: Program
  signal: AbortSignal | undefined
  answer: (output: Output) => void
  fail: (error: unknown) => void
}>

export class FedHost {
  /** What is followed now, by path, with where it began. */
  readonly followed = new Map<string, FollowOptions>()
  /** How often it was opened. */
  opened = 0
  /** With which key last. */
  openedWith: string | undefined
  /** Programs that wait for an answer. */
  readonly asking: Asking[] = []
  /** Undefined: the test answers each by hand. */
  answer: ((program: Program) => Output) | undefined
  readonly #waiting = new Map<string, { queue: (LogReport | Error)[]; wake: () => void }>()

  hosts(): RemoteHosts {
    return {
      open: ({ hostKey }) => {
        this.opened++
        this.openedWith = hostKey.key
        return this.remote
      },
      scanHostKey: () => Promise.reject(new Error('not asked here')),
      forget: async () => undefined,
      close: async () => undefined,
    }
  }

  /** The log says this next; an error ends the following. */
  say(path: string, ...reports: readonly (LogReport | Error)[]): void {
    const log = this.#log(path)
    log.queue.push(...reports)
    log.wake()
  }

  get remote(): RemoteHost {
    return {
      execute: (program, { signal }) => this.#execute(program, signal),
      settle: async () => ({ kind: 'void' }),
      follow: (path, options) => this.#follow(path, options),
      close: async () => undefined,
    }
  }

  #log(path: string) {
    const known = this.#waiting.get(path) ?? { queue: [], wake: () => undefined }
    this.#waiting.set(path, known)
    return known
  }

  async #execute(program: Program, signal: AbortSignal | undefined): Promise<Output> {
    if (this.answer) return this.answer(program)
    return new Promise((answer, fail) => {
      this.asking.push({ program, signal, answer, fail })
    })
  }

  async *#follow(path: string, options: FollowOptions): AsyncGenerator<LogReport> {
    const log = this.#log(path)
    this.followed.set(path, options)
    try {
      while (!options.signal.aborted) {
        const next = log.queue.shift()
        if (next instanceof Error) throw next
        if (next) {
          yield next
          continue
        }
        await new Promise<void>((resolve) => {
          log.wake = resolve
          options.signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
    } finally {
      this.followed.delete(path)
    }
  }
}

export const cursorAt = (offset: number, generation = 'g'): LogCursor => ({
  ...{ generation, device: '1', inode: generation, offset },
  head: { lengthBytes: 0, sha256: '' },
})

/** Lines as they stand in one file, each ended by a newline. */
export function linesOf(texts: readonly string[], { from = 0, generation = 'g' } = {}): Extract<LogReport, { kind: 'lines' }> {
  let offset = from
  const lines = texts.map((text) => {
    const line = { text, offset, generation, cut: false }
    offset += text.length + 1
    return line
  })
  return { kind: 'lines', lines, cursor: cursorAt(offset, generation) }
}
