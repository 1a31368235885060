/** Every command of people and programs, in one object for the API. */
import type { Fault } from '../../domain/catalogue/fault.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { CompileLogMatcher } from '../../domain/ports/log-matcher.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { EffectHandlers } from '../effect-runner.ts'
import type { Engine } from '../engine.ts'
import { type AdministrationCommands, createAdministrationCommands, type ProjectionAdministration } from './administration-commands.ts'
import { createAttempt } from './attempts.ts'
import { createHostCommands, type HostCommands } from './host-commands.ts'
import { createIncidentCommands, type IncidentCommands } from './incident-commands.ts'
import type { OperatorTools, RunAgain } from './operator-command.ts'
import { createTargetCommands, type TargetCommands } from './target-commands.ts'

export type OperatorCommands = HostCommands & TargetCommands & IncidentCommands & AdministrationCommands

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
  logger: Logger
}>

export function createOperatorCommands(
  options: OperatorCommandsOptions,
): OperatorCommands & { readonly byName: ReadonlyMap<string, RunAgain> } {
  const { engine, ids, clock, hash, hosts, cursors, faults, compileMatcher, projections, logger } = options
  const { log, handle, record, effects } = engine
  const tools: OperatorTools = { attempt: createAttempt({ log, clock }), handle, log, ids, clock, byName: new Map() }
  return {
    byName: tools.byName,
    ...createHostCommands(tools, { hosts }),
    ...createTargetCommands(tools, { hosts, survey: effects.survey, cursors }),
    ...createIncidentCommands(tools, { faults, compileMatcher, record, identity: { ids, hash } }),
    ...createAdministrationCommands(tools, { projections, logger }),
  }
}
