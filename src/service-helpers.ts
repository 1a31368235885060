/**
 * What works beside the fleet for as long as the service runs: operations on many servers, live messages, the servers file, the servers that come
 * with Steward, and commands that were interrupted. They end on a signal of their own and before the fleet does, so whatever they still ask of a
 * server is answered by one that runs.
 */
import type { LiveHub } from './api/live/live-hub.ts'
import type { Engine } from './commands/engine.ts'
import { createBulkRunner } from './commands/fleet/bulk-runner.ts'
import { keepBuiltIns } from './commands/fleet/keep-built-ins.ts'
import type { Supervisor } from './commands/fleet/supervisor.ts'
import { followServersFile } from './commands/operator/follow-servers-file.ts'
import type { OperatorDesk } from './commands/operator/operator-commands.ts'
import { resumeCommands } from './commands/operator/resume-commands.ts'
import type { Clock } from './domain/ports/clock.ts'
import type { Hash } from './domain/ports/hash.ts'
import type { Ids } from './domain/ports/ids.ts'
import type { Leases } from './domain/ports/leases.ts'
import type { Logger } from './domain/ports/logger.ts'
import type { ServersFile } from './domain/ports/servers-file.ts'
import type { BuiltInName } from './domain/server/built-in.ts'
import type { ServerConfig } from './domain/server/config.ts'
import type { ReadModels } from './projections/read-models.ts'
import type { Fleet, FleetGateway } from './service-fleet.ts'

export type HelperParts = Readonly<{
  engine: Pick<Engine, 'log' | 'handle'>
  commands: OperatorDesk
  readModels: Pick<ReadModels, 'agenda' | 'operationRoster'>
  fleet: Pick<Fleet<FleetGateway>, 'canary' | 'drain'> & Readonly<{ supervisor: Pick<Supervisor, 'supervises'> }>
  hub: Pick<LiveHub, 'run'>
  /** Undefined: servers are not written down in a file. */
  serversFile: ServersFile | undefined
  builtIns: Readonly<{ wanted: readonly BuiltInName[]; configOf: (name: BuiltInName) => ServerConfig }>
  leases: Leases
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
}>

export type ServiceHelpers = Readonly<{
  /** Resolves when all of them have ended. May be called again. */
  stop: () => Promise<void>
}>

export function startHelpers(parts: HelperParts): ServiceHelpers {
  const { engine, commands, readModels, fleet, hub, serversFile, builtIns, leases, ids, hash, clock, logger } = parts
  const { log, handle } = engine
  const { supervises } = fleet.supervisor
  const ending = new AbortController()
  const { signal } = ending
  const bulk = createBulkRunner({
    ...{ log, handle, commands, roster: readModels.operationRoster, leases, ids, hash, clock, logger },
    ...{ canary: fleet.canary, drain: fleet.drain, supervises },
  })
  const working = Promise.all([
    bulk.run(signal),
    hub.run(signal),
    serversFile && followServersFile({ file: serversFile, configuration: commands.configuration, leases, ids, clock, logger, signal }),
    keepBuiltIns({ ...builtIns, supervises, commands, log, ids, hash, clock, logger, signal }),
    resumeCommands({ agenda: readModels.agenda, log, commands: commands.byName, clock, logger, signal }),
  ])
  return {
    async stop() {
      ending.abort(new Error('Steward stops'))
      await working
    },
  }
}
