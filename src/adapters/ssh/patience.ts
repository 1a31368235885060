/** How long to wait before a host is tried again: twice as long each time, and never all at the same moment. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { HostUnreachable } from '../../domain/ports/remote-host.ts'
import type { Tuning } from './tuning.ts'

export type Patience = Readonly<{
  wait(after: HostUnreachable, signal: AbortSignal): Promise<void>
  reset(): void
}>

export function createPatience(
  clock: Pick<Clock, 'sleep'>,
  { reconnectInitialMs, reconnectMaxMs }: Tuning,
  random: () => number = Math.random,
): Patience {
  let attempts = 0
  return {
    wait({ rule }, signal) {
      const growingMs = Math.min(reconnectMaxMs, reconnectInitialMs * 2 ** attempts)
      attempts += 1
      // A key that was refused will be refused again, and hosts lock out those who insist.
      const ms = rule === 'key-rejected' || rule === 'host-key-mismatch' || rule === 'key-unreadable' ? reconnectMaxMs : growingMs
      return clock.sleep(ms / 2 + (random() * ms) / 2, signal)
    },
    reset() {
      attempts = 0
    },
  }
}
