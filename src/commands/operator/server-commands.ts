/** What people do with managed servers and their tools. The supervisor makes it so; nothing here starts or stops anything. */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import type { IntentCommand, ToolCommand } from '../../domain/server/commands.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { type Violation, violationsOfConfig, violationsOfName } from '../../domain/server/config-rules.ts'
import { argvHash, violationsOfExecutable } from '../../domain/server/executable.ts'
import { CommandRefused } from '../command-refused.ts'
import { createClaims } from './claims.ts'
import type { OperatorTools } from './operator-command.ts'
import { type PreviewedCommand, previewedCommand } from './previewed-command.ts'

/** `builtIn`: it comes with Steward. Nobody can ask for that from outside. */
type RegisterServer = Readonly<{ name: string; config: ServerConfig; enabled: boolean; builtIn?: boolean }>
type OnServer = Readonly<{ id: string; reason: string }>
type OnTool = OnServer & Readonly<{ tool: string }>

export type ServerCommands = Readonly<{
  registerServer: PreviewedCommand<RegisterServer>
  changeServerConfig: PreviewedCommand<OnServer & Readonly<{ config: ServerConfig }>>
  enableServer: PreviewedCommand<OnServer>
  disableServer: PreviewedCommand<OnServer>
  startServer: PreviewedCommand<OnServer>
  stopServer: PreviewedCommand<OnServer>
  restartServer: PreviewedCommand<OnServer>
  enterMaintenance: PreviewedCommand<OnServer>
  leaveMaintenance: PreviewedCommand<OnServer>
  approveExecutable: PreviewedCommand<OnServer & Readonly<{ argvHash: string }>>
  /** What runs by it ends. Whether or not it is what is configured: an earlier configuration may be put back. */
  revokeExecutable: PreviewedCommand<OnServer & Readonly<{ argvHash: string }>>
  retireServer: PreviewedCommand<OnServer>
  restoreServer: PreviewedCommand<OnServer>
  approveTool: PreviewedCommand<OnTool & Readonly<{ hash: string }>>
  approveInstructions: PreviewedCommand<OnServer & Readonly<{ hash: string }>>
  enableTool: PreviewedCommand<OnTool>
  disableTool: PreviewedCommand<OnTool>
  changeToolSettings: PreviewedCommand<OnTool & Readonly<{ bypass?: boolean | null; retrySafe?: boolean }>>
}>

/** How long a retired server can be restored. */
export const SERVER_RETENTION_MS = 30 * 86_400_000

export function createServerCommands(tools: OperatorTools, { hash }: { hash: Hash }): ServerCommands {
  /** A command that only says what is wanted. */
  const intent = <Input extends OnServer>(
    name: string,
    command: (input: Readonly<Input>, said: Said) => IntentCommand | ToolCommand,
    { body = ({ id, reason }) => ({ id, reason }) }: Readonly<{ body?: (input: Readonly<Input>) => JsonObject }> = {},
  ): PreviewedCommand<Input> =>
    previewedCommand<Input>(tools, {
      name,
      subject: ({ id }) => id,
      body,
      command: (input, { by, now }) => on(input.id, command(input, { by, reason: input.reason, now })),
    })
  const tool = (name: string, type: 'EnableTool' | 'DisableTool') =>
    intent<OnTool>(name, ({ tool }, said) => ({ type, data: { ...said, tool } }), {
      body: ({ id, tool, reason }) => ({ id, tool, reason }),
    })

  return {
    registerServer: previewedCommand<RegisterServer>(tools, {
      name: 'servers.register',
      subject: ({ name }) => name,
      body: ({ name, config, enabled, builtIn = false }) => ({ name, config: asJson(config), enabled, ...(builtIn ? { builtIn } : {}) }),
      command({ name, config, enabled, builtIn = false }, { newId, by, now }) {
        refuseBroken([...violationsOfName(name), ...violationsOfConfig(config), ...violationsOfExecutable(config)])
        return on(newId, { type: 'RegisterServer', data: { serverId: newId, name, config, builtIn, enabled, by, now } })
      },
      check: (_, { name }) => refuseTaken(name, tools),
      before: ({ id }, { name }, context) => createClaims(tools.log, context, id).claim('servers', name),
      async after({ id }, { enabled, config }, context) {
        if (!enabled || !config.autoStart) return
        const { meta, now } = context
        const data = { by: meta.owner, reason: 'starts by itself', now }
        await context.handlePart('start', on(id, { type: 'RequestServerStart', data }))
      },
    }),
    changeServerConfig: intent<OnServer & Readonly<{ config: ServerConfig }>>(
      'servers.update',
      ({ config }, said) => {
        refuseBroken([...violationsOfConfig(config), ...violationsOfExecutable(config)])
        return { type: 'ChangeServerConfig', data: { ...said, config } }
      },
      { body: ({ id, reason, config }) => ({ id, reason, config: asJson(config) }) },
    ),
    enableServer: intent('servers.enable', (_, said) => ({ type: 'EnableServer', data: said })),
    disableServer: intent('servers.disable', (_, said) => ({ type: 'DisableServer', data: said })),
    startServer: intent('servers.start', (_, said) => ({ type: 'RequestServerStart', data: said })),
    stopServer: intent('servers.stop', (_, said) => ({ type: 'RequestServerStop', data: said })),
    restartServer: intent('servers.restart', (_, said) => ({ type: 'RequestServerRestart', data: said })),
    enterMaintenance: intent('servers.enter-maintenance', (_, said) => ({ type: 'EnterMaintenance', data: said })),
    leaveMaintenance: intent('servers.leave-maintenance', (_, said) => ({ type: 'LeaveMaintenance', data: said })),
    approveExecutable: previewedCommand<OnServer & Readonly<{ argvHash: string }>>(tools, {
      name: 'servers.approve-executable',
      subject: ({ id }) => id,
      body: ({ id, reason, argvHash }) => ({ id, reason, argvHash }),
      async command({ id, reason, argvHash: approved }, { by, now }) {
        const { state } = await tools.log.states.server(id)
        const transport = state.situation === 'registered' ? state.config.transport : undefined
        const offered = transport?.kind === 'stdio' ? argvHash(transport, hash) : ''
        // What was looked at is what is approved.
        if (state.situation === 'registered' && offered !== approved) {
          throw new CommandRefused({ rule: 'executable-changed-since', facts: { approved, offered } })
        }
        return on(id, { type: 'ApproveExecutable', data: { by, reason, now, argvHash: approved } })
      },
    }),
    revokeExecutable: intent<OnServer & Readonly<{ argvHash: string }>>(
      'servers.revoke-executable',
      ({ argvHash: revoked }, said) => ({ type: 'RevokeExecutable', data: { ...said, argvHash: revoked } }),
      { body: ({ id, reason, argvHash: revoked }) => ({ id, reason, argvHash: revoked }) },
    ),
    retireServer: previewedCommand<OnServer>(tools, {
      name: 'servers.retire',
      subject: ({ id }) => id,
      body: ({ id, reason }) => ({ id, reason }),
      command: ({ id, reason }, { by, now }) => on(id, { type: 'RetireServer', data: { by, reason, now } }),
      after: ({ id }, _, context) => createClaims(tools.log, context, id).release(['servers']),
    }),
    restoreServer: previewedCommand<OnServer>(tools, {
      name: 'servers.restore',
      subject: ({ id }) => id,
      body: ({ id, reason }) => ({ id, reason }),
      command: ({ id, reason }, { by, now }) =>
        on(id, { type: 'RestoreServer', data: { by, reason, now, retentionMs: SERVER_RETENTION_MS } }),
      check: ({ id }) => refuseTakenSince(id, tools),
      async before({ id }, _, context) {
        const { state } = await tools.log.states.server(id)
        if (state.situation !== 'absent') await createClaims(tools.log, context, id).claim('servers', state.name)
      },
    }),
    approveTool: intent<OnTool & Readonly<{ hash: string }>>(
      'tools.approve',
      ({ tool, hash: approved }, said) => ({ type: 'ApproveTool', data: { ...said, tool, hash: approved } }),
      { body: ({ id, tool, reason, hash: approved }) => ({ id, tool, reason, hash: approved }) },
    ),
    approveInstructions: intent<OnServer & Readonly<{ hash: string }>>(
      'servers.approve-instructions',
      ({ hash: approved }, said) => ({ type: 'ApproveInstructions', data: { ...said, hash: approved } }),
      { body: ({ id, reason, hash: approved }) => ({ id, reason, hash: approved }) },
    ),
    enableTool: tool('tools.enable', 'EnableTool'),
    disableTool: tool('tools.disable', 'DisableTool'),
    changeToolSettings: intent<OnTool & Readonly<{ bypass?: boolean | null; retrySafe?: boolean }>>(
      'tools.update',
      ({ tool, bypass, retrySafe }, said) => ({
        type: 'ChangeToolSettings',
        data: { ...said, tool, ...(bypass === undefined ? {} : { bypass }), ...(retrySafe === undefined ? {} : { retrySafe }) },
      }),
      {
        body: ({ id, tool, reason, bypass, retrySafe }) => ({
          ...{ id, tool, reason },
          ...(bypass === undefined ? {} : { bypass }),
          ...(retrySafe === undefined ? {} : { retrySafe }),
        }),
      },
    ),
  }
}

type Said = Readonly<{ by: string; reason: string; now: Instant }>

const on = (id: string, command: IntentCommand | ToolCommand): AnyCommand => ({ aggregate: 'server', id, command })

/** Claims nothing: for a preview. @throws CommandRefused `name-taken`. */
async function refuseTaken(name: string, { log }: Pick<OperatorTools, 'log'>, by = ''): Promise<void> {
  const [holder] = ((await log.states.registry('servers')).state.get(name) ?? []).filter((each) => each !== by)
  if (holder !== undefined) throw new CommandRefused({ rule: 'name-taken', facts: { name, holder } })
}

/** The name of a retired server may belong to another by now. @throws CommandRefused `name-taken`. */
export async function refuseTakenSince(id: string, tools: Pick<OperatorTools, 'log'>): Promise<void> {
  const { state } = await tools.log.states.server(id)
  if (state.situation !== 'absent') await refuseTaken(state.name, tools, id)
}

/** All broken rules at once: the first one by its field, the others in words. */
export function refuseBroken(violations: readonly Violation[]): void {
  const [first] = violations
  if (!first) return
  const says = violations.map(({ field, rule, says }) => `${field} (${rule}) ${says}`).join('; ')
  throw new CommandRefused({ rule: 'server-config-invalid', facts: { field: first.field, broken: first.rule, says } })
}

/** A configuration is plain JSON all through; interfaces of readonly parts only do not say so. */
const asJson = (config: ServerConfig): Json => JSON.parse(JSON.stringify(config))
