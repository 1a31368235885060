/** One host: its programs, its marks, its logs. Owns the connections, and ends them. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { HostAddress, RemoteHost } from '../../domain/ports/remote-host.ts'
import type { CatalogueScripts } from './catalogue-scripts.ts'
import { type ConnectionDeps, createConnection } from './connection.ts'
import { execute } from './execute.ts'
import { createFollowers } from './followers.ts'
import { settleMark } from './marks.ts'
import { createServiceSessions } from './service-sessions.ts'

export function createRemoteHost(
  address: HostAddress,
  deps: ConnectionDeps & Readonly<{ clock: Clock; scripts: CatalogueScripts }>,
): RemoteHost {
  const { tuning, logger, scripts } = deps
  const connection = createConnection(address, deps)
  const services = createServiceSessions(connection, deps)
  const followers = createFollowers(connection, () => createConnection(address, deps), deps)

  return {
    execute: (program, options) => execute({ connection, services, scripts, tuning, logger }, program, options),
    settle: (mark, { signal }) => settleMark(connection, mark, tuning, signal),
    follow: (path, options) => followers.follow(path, options),
    async close() {
      await services.close()
      connection.close()
      followers.close()
    },
  }
}
