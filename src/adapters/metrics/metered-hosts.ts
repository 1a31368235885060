/** Hosts whose programs are counted and timed, by what became of them; all else passes through. */
import type { Metrics } from '../../domain/ports/metrics.ts'
import {
  HostUnreachable,
  MarkTaken,
  type RemoteHost,
  type RemoteHosts,
  RemoteOutcomeUnknown,
  RemoteTimeout,
  ServiceRefused,
} from '../../domain/ports/remote-host.ts'

export type ExecuteMetric = 'steward_ssh_execs_total' | 'steward_ssh_exec_seconds'

export function meterHosts(hosts: RemoteHosts, metrics: Metrics<ExecuteMetric>): RemoteHosts {
  /** Whoever asks for a host twice gets the same one twice. */
  const metered = new WeakMap<RemoteHost, RemoteHost>()
  return {
    open(address) {
      const host = hosts.open(address)
      const known = metered.get(host) ?? meterHost(host, metrics)
      metered.set(host, known)
      return known
    },
    scanHostKey: (address, port, options) => hosts.scanHostKey(address, port, options),
    forget: (hostId) => hosts.forget(hostId),
    close: () => hosts.close(),
  }
}

const meterHost = (host: RemoteHost, metrics: Metrics<ExecuteMetric>): RemoteHost => ({
  async execute(program, options) {
    const beganMs = performance.now()
    const measure = (outcome: string): void => {
      metrics.count('steward_ssh_execs_total', { outcome })
      metrics.observe('steward_ssh_exec_seconds', (performance.now() - beganMs) / 1_000)
    }
    try {
      const output = await host.execute(program, options)
      measure('answered')
      return output
    } catch (error) {
      measure(options.signal?.aborted ? 'called-off' : outcomeOf(error))
      throw error
    }
  },
  settle: (mark, options) => host.settle(mark, options),
  follow: (path, options) => host.follow(path, options),
  close: () => host.close(),
})

function outcomeOf(error: unknown): string {
  if (error instanceof HostUnreachable) return 'unreachable'
  if (error instanceof RemoteTimeout) return 'timeout'
  if (error instanceof RemoteOutcomeUnknown) return 'unknown'
  if (error instanceof ServiceRefused) return 'service-refused'
  if (error instanceof MarkTaken) return 'mark-taken'
  return 'failed'
}
