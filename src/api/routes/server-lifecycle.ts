/** What is wanted of a server: whether it may run, whether it should, and what a person approves of it. The supervisor makes it so. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import type { OperatorCommands, PreviewedCommand } from '../operator-commands.ts'
import type { RefusalRule } from '../refusals.ts'
import { aCommandOnOne } from '../route-shapes.ts'
import { reason, withReason } from '../schemas/common.ts'
import { commandOrPreview, previewQuery } from '../schemas/preview.ts'
import { configNow, serverAnswer } from './servers.ts'

type OnServer = Readonly<{ id: string; reason: string }>

type Intent = Readonly<{
  /** Behind the path of the server. */
  verb: string
  operation: string
  summary: string
  description?: string
  refusals?: readonly RefusalRule[]
  command: (commands: OperatorCommands) => PreviewedCommand<OnServer>
}>

const intent = ({ verb, command, refusals = [], ...facts }: Intent) =>
  defineRoute({
    ...aCommandOnOne,
    ...facts,
    path: `/api/v1/servers/{id}/${verb}`,
    tag: 'servers',
    permission: 'mcp:manage_servers',
    query: previewQuery,
    body: withReason.partial(),
    answer: serverAnswer,
    refusals: ['server-not-registered', ...refusals],
    handle: ({ params: { id }, body: { reason = 'none given' }, ...asked }, context) =>
      commandOrPreview(command(context.commands), { id, reason }, asked, configNow(context)),
  })

export const restoreServer = intent({
  verb: 'restore',
  operation: 'servers.restore',
  summary: 'Restore a retired server',
  description: 'As it was, but disabled, and only when nobody took its name.',
  refusals: ['server-retention-over', 'name-taken'],
  command: (commands) => commands.restoreServer,
})
export const enableServer = intent({
  verb: 'enable',
  operation: 'servers.enable',
  summary: 'Let a server run',
  description: 'One that starts by itself is started.',
  command: (commands) => commands.enableServer,
})
export const disableServer = intent({
  verb: 'disable',
  operation: 'servers.disable',
  summary: 'Let a server not run any more',
  description: 'It is stopped, and nothing starts it until it is enabled.',
  command: (commands) => commands.disableServer,
})
export const startServer = intent({
  verb: 'start',
  operation: 'servers.start',
  summary: 'Start a server',
  description: 'Says that it should run; the state tells when it does. Failures are forgotten.',
  refusals: ['server-disabled', 'invalid-transition'],
  command: (commands) => commands.startServer,
})
export const stopServer = intent({
  verb: 'stop',
  operation: 'servers.stop',
  summary: 'Stop a server',
  description: 'Its input is closed; it is ended when it does not go in time, with everything that it started.',
  command: (commands) => commands.stopServer,
})
export const restartServer = intent({
  verb: 'restart',
  operation: 'servers.restart',
  summary: 'Restart a server',
  description: 'A new run takes the place of this one, with the configuration of today. Sessions of clients survive it.',
  refusals: ['server-disabled', 'invalid-transition'],
  command: (commands) => commands.restartServer,
})
export const enterMaintenance = intent({
  verb: 'maintenance/enter',
  operation: 'servers.enter-maintenance',
  summary: 'Take a server into maintenance',
  description: 'It is stopped; nothing restarts it, and nothing alerts.',
  refusals: ['invalid-transition'],
  command: (commands) => commands.enterMaintenance,
})
export const leaveMaintenance = intent({
  verb: 'maintenance/leave',
  operation: 'servers.leave-maintenance',
  summary: 'Take a server out of maintenance',
  command: (commands) => commands.leaveMaintenance,
})

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')

export const approveExecutable = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/servers/{id}/executable/approve',
  operation: 'servers.approve-executable',
  tag: 'servers',
  summary: 'Approve the program of a server',
  description:
    'A stdio server is code with the rights of Steward. `argvHash` names the program with these very arguments, as `executable.argvHash` of the server shows it.',
  permission: 'mcp:exec_stdio',
  query: previewQuery,
  body: z.strictObject({ argvHash: hash, reason }),
  answer: serverAnswer,
  refusals: ['server-not-registered', 'executable-changed-since'],
  handle: ({ params: { id }, body: { argvHash, reason }, ...asked }, context) =>
    commandOrPreview(context.commands.approveExecutable, { id, argvHash, reason }, asked, configNow(context)),
})

export const revokeExecutable = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/servers/{id}/executable/revoke',
  operation: 'servers.revoke-executable',
  tag: 'servers',
  summary: 'Revoke the approval of a program',
  description:
    'What runs by it ends, and does not start again before it is approved again. `argvHash` is that of an approval, of the present configuration or of an earlier one; without such an approval nothing changes.',
  permission: 'mcp:exec_stdio',
  query: previewQuery,
  body: z.strictObject({ argvHash: hash, reason }),
  answer: serverAnswer,
  refusals: ['server-not-registered'],
  handle: ({ params: { id }, body: { argvHash, reason }, ...asked }, context) =>
    commandOrPreview(context.commands.revokeExecutable, { id, argvHash, reason }, asked, configNow(context)),
})

export const approveInstructions = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/servers/{id}/instructions/approve',
  operation: 'servers.approve-instructions',
  tag: 'servers',
  summary: 'Approve what a server tells every model',
  description: '`hash` is that of `pendingInstructions.told`; empty when it tells nothing any more.',
  permission: 'mcp:manage_servers',
  query: previewQuery,
  body: z.strictObject({ hash: z.union([hash, z.literal('')]), reason }),
  answer: serverAnswer,
  refusals: ['server-not-registered', 'instructions-not-quarantined', 'definition-changed-since'],
  handle: ({ params: { id }, body, ...asked }, context) =>
    commandOrPreview(context.commands.approveInstructions, { id, ...body }, asked, configNow(context)),
})

export const serverLifecycleRoutes = [
  restoreServer,
  enableServer,
  disableServer,
  startServer,
  stopServer,
  restartServer,
  enterMaintenance,
  leaveMaintenance,
  approveExecutable,
  revokeExecutable,
  approveInstructions,
]
