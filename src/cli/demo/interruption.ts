/**
 * Ctrl-C and its kin: the first asks the demo to put everything away, the second ends it at once. No process is left behind by impatience, since
 * every child watches its parent; only the directory is.
 */
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** As a shell has it. */
  readonly exitCode: number
  constructor(signal: (typeof SIGNALS)[number]) {
    super(`ended by ${signal}`)
    this.exitCode = 128 + constants.signals[signal]
  }
}

export type Interruption = Disposable & Readonly<{ signal: AbortSignal }>

/** Under `npm run demo` one Ctrl-C arrives twice: from the terminal, and from npm, which passes it on. What comes this soon is the same one. */
const SAME_SIGNAL_MS = 500

export function onInterruption(): Interruption {
  const controller = new AbortController()
  let firstAtMs: number | undefined
  const interrupt = (reason: Interrupted): void => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now()
      controller.abort(reason)
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      process.exit(reason.exitCode)
    }
  }
  const handlers = SIGNALS.map((name) => [name, () => interrupt(new Interrupted(name))] as const)
  for (const [name, handler] of handlers) process.on(name, handler)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) process.off(name, handler)
    },
  }
}
