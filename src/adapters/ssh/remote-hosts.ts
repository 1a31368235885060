/** The hosts that this process talks to: one `RemoteHost`, and so one connection, for each address. Closing it closes them all. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { HostAddress, RemoteHost, RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import { createCatalogueScripts } from './catalogue-scripts.ts'
import { scan } from './dial.ts'
import type { ConnectionObserver } from './figures.ts'
import { createRemoteHost } from './remote-host.ts'
import { defaultTuning, type Tuning } from './tuning.ts'

export type RemoteHostsOptions = Readonly<{
  secrets: Secrets
  clock: Clock
  logger?: Logger
  /** Told of every connection, for metrics. */
  observer?: ConnectionObserver
  /** Where the scripts of the catalogue lie. Default: in this package. */
  scriptsDir?: string
  tuning?: Partial<Tuning>
}>

export function createRemoteHosts({ secrets, clock, logger, observer, scriptsDir, tuning: given }: RemoteHostsOptions): RemoteHosts {
  const tuning = { ...defaultTuning, ...given }
  const scripts = createCatalogueScripts(scriptsDir)
  const closing = new AbortController()
  const hosts = new Map<string, { at: string; host: RemoteHost }>()

  return {
    open(address) {
      const at = JSON.stringify(identity(address))
      const known = hosts.get(address.hostId)
      if (known?.at === at) return known.host
      // The address, the user or the key of the host has changed: nobody may go on with the old ones.
      void known?.host.close()
      const host = createRemoteHost(address, { secrets, clock, scripts, tuning, logger, observer })
      hosts.set(address.hostId, { at, host })
      return host
    },
    scanHostKey(address, port, { signal }) {
      const hostId = `${address}:${port}`
      return scan(
        { hostId, address, port },
        { tuning, signal: signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]) },
      )
    },
    async forget(hostId) {
      const known = hosts.get(hostId)
      hosts.delete(hostId)
      await known?.host.close()
    },
    async close() {
      closing.abort()
      const all = [...hosts.values()]
      hosts.clear()
      await Promise.all(all.map(({ host }) => host.close()))
    },
  }
}

const identity = ({ address, port, username, privateKey, hostKey }: HostAddress) => [address, port, username, privateKey, hostKey.key]
