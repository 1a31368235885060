/** One host: its programs, its marks, its logs. Owns the connections, and ends them. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { HostAddress, RemoteHost } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import type { CatalogueScripts } from './catalogue-scripts.ts'
import { createConnection } from './connection.ts'
import { execute } from './execute.ts'
import { createFollowers } from './followers.ts'
import { settleMark } from './marks.ts'
import { createServiceSessions } from './service-sessions.ts'
import type { Tuning } from './tuning.ts'

export function createRemoteHost(
  address: HostAddress,
  deps: { secrets: Secrets; clock: Clock; scripts: CatalogueScripts; tuning: Tuning; logger?: Logger | undefined },
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
