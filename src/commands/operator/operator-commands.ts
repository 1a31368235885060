/** Every command of people and programs, in one object for the API. */
import type { Fault } from '../../domain/catalogue/fault.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { ConfigScan } from '../../domain/ports/config-scan.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { CompileLogMatcher } from '../../domain/ports/log-matcher.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { SecretVault } from '../../domain/ports/secret-vault.ts'
import type { EffectHandlers } from '../effect-runner.ts'
import type { Engine } from '../engine.ts'
import { type AdministrationCommands, createAdministrationCommands, type ProjectionAdministration } from './administration-commands.ts'
import { createAttempt } from './attempts.ts'
import { type BulkCommands, createBulkCommands } from './bulk-commands.ts'
import { type ConfigurationDesk, createConfigurationDesk } from './configuration-desk.ts'
import { createHostCommands, type HostCommands } from './host-commands.ts'
import { createIncidentCommands, type IncidentCommands } from './incident-commands.ts'
import type { OperatorTools, RunAgain } from './operator-command.ts'
import type { PreviewedCommand } from './previewed-command.ts'
import { createServerCommands, type ServerCommands } from './server-commands.ts'
import { createTargetCommands, type TargetCommands } from './target-commands.ts'
import { createUndoCommand, type Undo } from './undo-command.ts'

export type OperatorCommands = HostCommands &
  TargetCommands &
  IncidentCommands &
  AdministrationCommands &
  ServerCommands &
  BulkCommands &
  Readonly<{ undoCommand: PreviewedCommand<Undo> }>

export type OperatorCommandsOptions = Readonly<{
  engine: Pick<Engine, 'log' | 'handle' | 'record'> & Readonly<{ effects: Pick<EffectHandlers, 'survey'> }>
  ids: Ids
  clock: Clock
  hash: Hash
  hosts: RemoteHosts
  cursors: LogCursors
  faults: readonly Fault[]
  compileMatcher: CompileLogMatcher
  projections: ProjectionAdministration
  /** Where servers are looked for, and where the secrets of those that are imported go. */
  scan: ConfigScan
  vault: SecretVault
  logger: Logger
}>

/** With what is no command of its own: all of them by name, and whoever applies a configuration by them. */
export type OperatorDesk = OperatorCommands & Readonly<{ byName: ReadonlyMap<string, RunAgain>; configuration: ConfigurationDesk }>

export function createOperatorCommands(options: OperatorCommandsOptions): OperatorDesk {
  const { engine, ids, clock, hash, hosts, cursors, faults, compileMatcher, projections, scan, vault, logger } = options
  const { log, handle, record, effects } = engine
  const tools: OperatorTools = { attempt: createAttempt({ log, clock }), handle, log, ids, clock, byName: new Map() }
  const servers = createServerCommands(tools, { hash })
  const undo = createUndoCommand(tools)
  return {
    byName: tools.byName,
    configuration: createConfigurationDesk(tools, { scan, vault, commands: servers, undo, hash, logger }),
    ...createHostCommands(tools, { hosts }),
    ...createTargetCommands(tools, { hosts, survey: effects.survey, cursors }),
    ...createIncidentCommands(tools, { faults, compileMatcher, record, identity: { ids, hash } }),
    ...createAdministrationCommands(tools, { projections, logger }),
    ...servers,
    ...createBulkCommands(tools, { servers }),
    undoCommand: undo,
  }
}
