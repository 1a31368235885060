/**
 * Undo: a command that takes back what an earlier one did, forwards, by the rules of today. It is refused when somebody has decided something about
 * the same server since, because then it would take back more than was asked.
 */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { EventOf, Recorded } from '../../domain/events.ts'
import type { Instant } from '../../domain/instant.ts'
import type { IntentCommand, ToolCommand } from '../../domain/server/commands.ts'
import { violationsOfConfig } from '../../domain/server/config-rules.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import { evolve } from '../../domain/server/evolve.ts'
import { violationsOfExecutable } from '../../domain/server/executable.ts'
import { server } from '../../domain/server/server.ts'
import { isIntent, type Server } from '../../domain/server/state.ts'
import { CommandRefused } from '../command-refused.ts'
import { createClaims } from './claims.ts'
import type { OperatorTools } from './operator-command.ts'
import { type PreviewedCommand, previewedCommand } from './previewed-command.ts'
import { refuseBroken, refuseTakenSince, SERVER_RETENTION_MS } from './server-commands.ts'

/** `commandId`: of what is to be taken back. */
export type Undo = Readonly<{
  commandId: string
  reason: string
  /** Commands that belong to the same undertaking: what they did to the server is no decision of somebody else. */
  besides?: readonly string[]
}>

export const createUndoCommand = (tools: OperatorTools): PreviewedCommand<Undo> =>
  previewedCommand<Undo>(tools, {
    name: 'servers.undo',
    subject: ({ commandId }) => commandId,
    body: ({ commandId, reason, besides }) => ({ commandId, reason, undoOf: commandId, ...(besides === undefined ? {} : { besides }) }),
    async command({ commandId, reason, besides = [] }, { by, now, commandId: own }): Promise<AnyCommand> {
      const done = await whatWasDone(commandId, new Set(own === undefined ? besides : [...besides, own]), tools)
      const command = takingBack(done, { by, reason, now })
      if (!command) throw new CommandRefused({ rule: 'command-not-undoable', facts: { command: done.name, says: 'it has no way back' } })
      // What was right when it was configured may be forbidden by now.
      if (command.type === 'ChangeServerConfig') {
        refuseBroken([...violationsOfConfig(command.data.config), ...violationsOfExecutable(command.data.config)])
      }
      return { aggregate: 'server', id: done.serverId, command }
    },
    async check({ id, command }) {
      if (command.type === 'RestoreServer') await refuseTakenSince(id, tools)
    },
    async before({ id, command }, _, context) {
      if (command.type !== 'RestoreServer') return
      const { state } = await tools.log.states.server(id)
      if (state.situation !== 'absent') await createClaims(tools.log, context, id).claim('servers', state.name)
    },
    async after({ id, command }, _, context) {
      if (command.type === 'RetireServer') await createClaims(tools.log, context, id).release(['servers'])
    },
  })

type Done = Readonly<{ name: string; serverId: string; tool: string | undefined; before: Server; after: Server }>

/**
 * @param besides commands whose changes do not count, the undo itself among them.
 * @throws CommandRefused it did nothing, or something has been decided since.
 */
async function whatWasDone(commandId: string, besides: ReadonlySet<string>, { log }: OperatorTools): Promise<Done> {
  const { events } = await log.load(`command-${commandId}`)
  const receipt = events.find((event): event is Recorded<EventOf<'CommandReceived'>> => event.type === 'CommandReceived')
  const result = events.find((event): event is Recorded<EventOf<'CommandSucceeded'>> => event.type === 'CommandSucceeded')
  if (!receipt) throw new CommandRefused({ rule: 'command-unknown', facts: { commandId } })
  const { name, body } = receipt.data
  const serverId = result?.data.result['id']
  if (typeof serverId !== 'string' || !/^(servers|tools)\./.test(name)) {
    throw new CommandRefused({
      rule: 'command-not-undoable',
      facts: { command: name, says: result ? 'it has no way back' : 'it did not succeed' },
    })
  }
  const history = (await log.load(`server-${serverId}`)).events
  // The parts of a command have ids of their own, and its cause.
  const own = history.filter((event) => event.metadata.causationId === commandId)
  const [first] = own
  const last = own.at(-1)
  if (!first || !last) throw new CommandRefused({ rule: 'command-not-undoable', facts: { command: name, says: 'it changed nothing' } })
  const since = history.find(
    ({ type, revision, metadata }) =>
      revision > last.revision &&
      isIntent({ type }) &&
      !(wishesToRun.has(type) && leavesRunningAlone(name)) &&
      metadata.actor !== 'steward' &&
      !besides.has(metadata.causationId),
  )
  if (since) {
    const facts = { event: since.type, revision: String(since.revision), by: since.metadata.actor, at: since.recordedAt }
    throw new CommandRefused({ rule: 'changed-since', facts })
  }
  const folded = (upTo: bigint): Server =>
    history.filter((event): event is Recorded<ServerEvent> => event.revision < upTo).reduce(evolve, server.initialState)
  const tool = body['tool']
  return {
    ...{ name, serverId, tool: typeof tool === 'string' ? tool : undefined },
    before: folded(first.revision),
    after: folded(last.revision + 1n),
  }
}

/** Whoever has changed a configuration restarts the server, and only then sees that it was wrong: that is no decision about the configuration. */
const leavesRunningAlone = (name: string): boolean => name === 'servers.update' || name.startsWith('tools.')
const wishesToRun: ReadonlySet<string> = new Set([
  'ServerStartRequested',
  'ServerStopRequested',
  'ServerRestartRequested',
  'ExecutableApproved',
])

type Said = Readonly<{ by: string; reason: string; now: Instant }>

/** Undefined: there is no way back. */
function takingBack({ name, tool, before }: Done, said: Said): IntentCommand | ToolCommand | undefined {
  const was = before.situation === 'absent' ? undefined : before
  const known = tool === undefined ? undefined : was?.tools.get(tool)
  switch (name) {
    case 'servers.register':
      return { type: 'RetireServer', data: said }
    case 'servers.update':
      return was && { type: 'ChangeServerConfig', data: { ...said, config: was.config } }
    case 'servers.enable':
      return { type: 'DisableServer', data: said }
    case 'servers.disable':
      // As it was before: what had been stopped is not started by being allowed to run again.
      return { type: 'EnableServer', data: { ...said, start: was?.desired === 'running' } }
    case 'servers.start':
      return { type: 'RequestServerStop', data: said }
    case 'servers.stop':
      return { type: 'RequestServerStart', data: said }
    case 'servers.enter-maintenance':
      return { type: 'LeaveMaintenance', data: said }
    case 'servers.leave-maintenance':
      return { type: 'EnterMaintenance', data: said }
    case 'servers.retire':
      return { type: 'RestoreServer', data: { ...said, retentionMs: SERVER_RETENTION_MS } }
    case 'servers.restore':
      return { type: 'RetireServer', data: said }
    case 'tools.enable':
      return tool === undefined ? undefined : { type: 'DisableTool', data: { ...said, tool } }
    case 'tools.disable':
      return tool === undefined ? undefined : { type: 'EnableTool', data: { ...said, tool } }
    case 'tools.update':
      return (
        known && {
          type: 'ChangeToolSettings',
          data: { ...said, tool: known.name, bypass: known.bypass ?? null, retrySafe: known.retrySafe },
        }
      )
    default:
      return undefined
  }
}
