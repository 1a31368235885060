/**
 * Registers the servers that come with Steward and are wanted, where they are missing, by the commands that a person would give. Done by the instance
 * that supervises, each time it begins to: it is the one that has their programs. What an operator has changed or disabled since stays so.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { type BuiltInName, isOwnProgram } from '../../domain/server/built-in.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { argvHash } from '../../domain/server/executable.ts'
import { transportKey } from '../../domain/server/transport-key.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import type { CommandMeta } from '../operator/operator-command.ts'
import type { ServerCommands } from '../operator/server-commands.ts'

export type KeepBuiltInsOptions = Readonly<{
  wanted: readonly BuiltInName[]
  configOf: (name: BuiltInName) => ServerConfig
  /** Whether this instance supervises. */
  supervises: () => boolean
  commands: Pick<ServerCommands, 'registerServer' | 'changeServerConfig' | 'approveExecutable' | 'enableServer'>
  log: EventLog
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
}>

const OWNER = 'steward'
const REASON = 'comes with Steward'
const LOOK_EVERY_MS = 1_000

/** Runs until the signal aborts; none wanted, there is nothing to do. */
export async function keepBuiltIns(options: KeepBuiltInsOptions & Readonly<{ signal: AbortSignal }>): Promise<void> {
  const { wanted, supervises, clock, logger, signal } = options
  if (wanted.length === 0) return
  let left: readonly BuiltInName[] = wanted
  while (!signal.aborted) {
    if (!supervises()) left = wanted
    else if (left.length > 0) left = await keepAll(left)
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined)
  }

  /** @returns those that are to be tried again. */
  async function keepAll(names: readonly BuiltInName[]): Promise<readonly BuiltInName[]> {
    const again: BuiltInName[] = []
    for (const name of names) {
      try {
        await keep(name, options)
      } catch (error) {
        if (signal.aborted) return []
        logger.warn({ server: name, error }, 'a server that comes with Steward is not as it should be')
        // A refusal stays one until somebody changes something.
        if (!(error instanceof CommandRefused)) again.push(name)
      }
    }
    return again
  }
}

/** Each step is found done or not done in the log, so whoever was interrupted goes on where it was. @throws CommandRefused */
async function keep(name: BuiltInName, { configOf, commands, log, ids, hash }: KeepBuiltInsOptions): Promise<void> {
  const asked = (): Readonly<{ reason: string; meta: CommandMeta }> => {
    const commandId = ids.fresh()
    return { reason: REASON, meta: { actor: OWNER, owner: OWNER, commandId, correlationId: commandId, bodyHash: hash.sha256(name) } }
  }
  const config = configOf(name)
  const [holder] = (await log.states.registry('servers')).state.get(name) ?? []
  // Disabled at first: a program that is not approved yet would fail to start.
  const id = holder ?? (await commands.registerServer({ name, config, enabled: false, builtIn: true, meta: asked().meta })).id
  const { state } = await log.states.server(id)
  if (state.situation === 'absent')
    throw new Error(`the registration of ${name} was interrupted; it is finished by whoever resumes commands`)
  if (state.situation === 'retired' || !state.builtIn) throw new CommandRefused({ rule: 'name-taken', facts: { name, holder: id } })
  if (isOwnProgram(name) && config.transport.kind === 'stdio') {
    const { transport } = config
    if (transportKey(state.config.transport, hash) !== transportKey(transport, hash)) {
      await commands.changeServerConfig({ id, config: { ...state.config, transport }, ...asked() })
    }
    const approved = argvHash(transport, hash)
    if (!state.approvedArgv.has(approved) && !(await wasRevoked(id, approved, log)))
      await commands.approveExecutable({ id, argvHash: approved, ...asked() })
  }
  // Somebody who disabled it, or failures that did, are on record.
  if (!state.enabled && state.disabledBecause === undefined) await commands.enableServer({ id, ...asked() })
}

/** What a person has taken back is not given again by the next start. Another version of the program is another one. */
async function wasRevoked(id: string, argvHash: string, log: Pick<EventLog, 'load'>): Promise<boolean> {
  const { events } = await log.load(`server-${id}`)
  return events.some(({ type, data }) => type === 'ExecutableApprovalRevoked' && data.argvHash === argvHash)
}
