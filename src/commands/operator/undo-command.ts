/**
 * Undo: a command that takes back what an earlier one did, forwards, by the rules of today. It is refused when somebody has decided something about
 * the same server since, because then it would take back more than was asked.
 */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { EventOf, Recorded } from '../../domain/events.ts'
import type { Instant } from '../../domain/instant.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
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
      if (!command) throw notUndoable(done.name, finals[done.name] ?? 'it has no way back')
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

/** `name`: of the command; of one that was an undo, that of what it did in effect. `body`: of the command at the bottom of it. */
type Done = Readonly<{ name: string; serverId: string; body: JsonObject; before: Server; after: Server }>

/**
 * @param besides commands whose changes do not count, the undo itself among them.
 * @throws CommandRefused it did nothing, or something has been decided since.
 */
async function whatWasDone(commandId: string, besides: ReadonlySet<string>, { log }: OperatorTools): Promise<Done> {
  const { events } = await log.load(`command-${commandId}`)
  const receipt = events.find((event): event is Recorded<EventOf<'CommandReceived'>> => event.type === 'CommandReceived')
  const result = events.find((event): event is Recorded<EventOf<'CommandSucceeded'>> => event.type === 'CommandSucceeded')
  if (!receipt) throw new CommandRefused({ rule: 'command-unknown', facts: { commandId } })
  const { name, body } = await inEffect(receipt.data, log)
  const serverId = result?.data.result['id']
  if (typeof serverId !== 'string' || !/^(servers|tools)\./.test(name)) {
    throw notUndoable(name, result ? 'it has no way back' : 'it did not succeed')
  }
  const history = (await log.load(`server-${serverId}`)).events
  // The parts of a command have ids of their own, and its cause.
  const own = history.filter((event) => event.metadata.causationId === commandId)
  const [first] = own
  const last = own.at(-1)
  if (!first || !last) throw notUndoable(name, 'it changed nothing')
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
  return {
    ...{ name, serverId, body },
    before: folded(first.revision),
    after: folded(last.revision + 1n),
  }
}

/**
 * Whoever has changed a configuration restarts the server, or switches it off, and only then sees that it was wrong: that is no decision about the
 * configuration, and taking that back leaves it as it is.
 */
const leavesRunningAlone = (name: string): boolean => name === 'servers.update' || name.startsWith('tools.')
const wishesToRun: ReadonlySet<string> = new Set([
  'ServerStartRequested',
  'ServerStopRequested',
  'ServerRestartRequested',
  'ServerEnabled',
  'ServerDisabled',
  'ExecutableApproved',
  'ExecutableApprovalRevoked',
])

const notUndoable = (command: string, says: string): CommandRefused =>
  new CommandRefused({ rule: 'command-not-undoable', facts: { command, says } })

type Given = Readonly<{ name: string; body: JsonObject }>

/** What an undo of each command does in effect, so that it can be undone in its turn. One that is not here has no way back. */
const opposites: Readonly<Record<string, string>> = {
  'servers.register': 'servers.retire',
  'servers.update': 'servers.update',
  'servers.enable': 'servers.disable',
  'servers.disable': 'servers.enable',
  'servers.start': 'servers.stop',
  'servers.stop': 'servers.start',
  'servers.enter-maintenance': 'servers.leave-maintenance',
  'servers.leave-maintenance': 'servers.enter-maintenance',
  'servers.approve-executable': 'servers.revoke-executable',
  'servers.retire': 'servers.restore',
  'servers.restore': 'servers.retire',
  'tools.enable': 'tools.disable',
  'tools.disable': 'tools.enable',
  'tools.update': 'tools.update',
}

/** Why, where a person would expect one. */
const finals: Readonly<Record<string, string>> = {
  'servers.restart': 'the run from before has ended',
  'servers.revoke-executable': 'an approval is given by who looks at the program: approve it again',
  'servers.approve-instructions': 'models may have read them by now: stop the server, or take the change back in it',
  'tools.approve': 'models may have read it by now: disable the tool instead',
}

/** Through undos of undos down to what somebody did first. */
async function inEffect({ name, body }: Given, log: OperatorTools['log']): Promise<Given> {
  const undone = body['undoOf']
  if (name !== 'servers.undo' || typeof undone !== 'string') return { name, body }
  const { events } = await log.load(`command-${undone}`)
  const receipt = events.find((event): event is Recorded<EventOf<'CommandReceived'>> => event.type === 'CommandReceived')
  if (!receipt) throw new CommandRefused({ rule: 'command-unknown', facts: { commandId: undone } })
  const first = await inEffect(receipt.data, log)
  return { name: opposites[first.name] ?? name, body: first.body }
}

type Said = Readonly<{ by: string; reason: string; now: Instant }>

/** Undefined: there is no way back. */
function takingBack({ name, body, before }: Done, said: Said): IntentCommand | ToolCommand | undefined {
  const was = before.situation === 'absent' ? undefined : before
  const tool = textIn(body, 'tool')
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
    case 'servers.approve-executable': {
      const argvHash = textIn(body, 'argvHash')
      return argvHash === undefined ? undefined : { type: 'RevokeExecutable', data: { ...said, argvHash } }
    }
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

function textIn(body: JsonObject, name: string): string | undefined {
  const value = body[name]
  return typeof value === 'string' ? value : undefined
}
