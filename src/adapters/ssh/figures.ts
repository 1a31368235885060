/** The connections to hosts as figures: how many are open, and what became of every attempt to open one. */
import type { Metrics } from '../../domain/ports/metrics.ts'
import { HostUnreachable } from '../../domain/ports/remote-host.ts'

export type ConnectionMetric = 'steward_ssh_connections' | 'steward_ssh_connects_total'

/** Told by whoever opens connections. */
export type ConnectionObserver = Readonly<{ opened: () => void; ended: () => void; failed: (error: unknown) => void }>

export function countConnections(metrics: Metrics<ConnectionMetric>): ConnectionObserver {
  let open = 0
  const show = (change: number): void => {
    open += change
    metrics.set('steward_ssh_connections', open)
  }
  show(0)
  return {
    opened() {
      metrics.count('steward_ssh_connects_total', { outcome: 'connected' })
      show(1)
    },
    ended: () => show(-1),
    failed: (error) => metrics.count('steward_ssh_connects_total', { outcome: error instanceof HostUnreachable ? error.rule : 'failed' }),
  }
}
