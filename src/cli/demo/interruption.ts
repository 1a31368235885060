/** Ctrl-C and its kin: the first asks the demo to put everything away; nothing is left behind by impatience, since children watch their parent. */
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

export function onInterruption(): Interruption {
  const controller = new AbortController()
  const handlers = SIGNALS.map((name) => [name, () => controller.abort(new Interrupted(name))] as const)
  for (const [name, handler] of handlers) process.on(name, handler)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) process.off(name, handler)
    },
  }
}
