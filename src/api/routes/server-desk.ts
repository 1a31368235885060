/** What only the supervisor can answer: what a server wrote, what it lists now, and whether a configuration would work. */
import { z } from 'zod'
import type { ServerTest } from '../../commands/fleet/desk.ts'
import { failureReasons } from '../../domain/server/events.ts'
import { argvHash } from '../../domain/server/executable.ts'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { aQuery } from '../route-shapes.ts'
import { exampleId, idParam, limitUpTo, listOf, none } from '../schemas/common.ts'
import { exampleServer } from '../schemas/server.ts'
import { allowLiterals, checkConfig, configFields, configOf } from '../schemas/server-config.ts'
import { callTool } from './tool-call.ts'

/** Nothing of it is recorded as a command: what a refresh finds is recorded by the supervisor, and a test leaves nothing. */
const asksTheDesk = { ...aQuery, method: 'POST', tag: 'servers', rateClass: 'costly', permission: 'mcp:manage_servers' } as const

export const refreshServer = defineRoute({
  ...asksTheDesk,
  path: '/api/v1/servers/{id}/refresh',
  operation: 'servers.refresh',
  summary: 'List the tools of a server now',
  description: 'What has changed is recorded, and waits for an approval where the policy of the server says so.',
  params: idParam,
  query: none,
  answer: {
    status: 200,
    schema: z.object({ id: z.string(), refreshed: z.literal(true) }),
    example: { id: exampleServer.id, refreshed: true },
  },
  refusals: ['not-found', 'server-not-running', 'server-did-not-answer', 'server-not-supervised-here'],
  async handle({ params: { id }, caller }, { queries, fleet }) {
    if (!(await queries.servers.show(id)).value) throw new ApiError('not-found')
    await fleet.refreshServer(id, caller.signal)
    return { json: { id, refreshed: true as const } }
  },
})

export const showServerLogs = defineRoute({
  ...aQuery,
  path: '/api/v1/servers/{id}/logs',
  operation: 'servers.logs',
  tag: 'servers',
  summary: 'Show what a server wrote on its error stream',
  description:
    'The last lines, the oldest first; with `cursor` the next ones behind an earlier answer. Text from outside: show it as text only.',
  permission: 'mcp:view_logs',
  params: idParam,
  query: z.strictObject({ limit: limitUpTo(1_000, 100), cursor: z.string().max(512).optional() }),
  answer: {
    status: 200,
    schema: z.object({
      items: listOf(z.object({ runId: z.string(), text: z.string() })),
      next_cursor: z.string().describe('To go on from here, also when nothing new was written yet.'),
    }),
    example: { items: [{ runId: exampleId, text: 'Secure MCP Filesystem Server running on stdio' }], next_cursor: `${exampleId}:46` },
  },
  refusals: ['not-found', 'invalid-cursor', 'server-not-supervised-here'],
  async handle({ params: { id }, query: { limit, cursor } }, { queries, fleet }) {
    if (!(await queries.servers.show(id)).value) throw new ApiError('not-found')
    const log = await fleet.serverLogs(id, { limit, after: cursor })
    return { json: { items: log.lines, next_cursor: log.cursor } }
  },
})

const test = z
  .object({
    works: z.boolean(),
    durationMs: z.number(),
    era: z.enum(['stateless', 'session']).nullable(),
    protocolVersion: z.string().nullable(),
    serverName: z.string().nullable().describe('Text from outside.'),
    serverVersion: z.string().nullable().describe('Text from outside.'),
    tools: listOf(z.string()),
    failure: z
      .object({
        reason: z.enum(failureReasons),
        says: z.string().describe('Text from outside.'),
        stderrTail: z.string().describe('Text from outside.'),
      })
      .nullable(),
  })
  .meta({ id: 'ServerTest' })

const testAnswer = {
  status: 200,
  schema: test,
  example: {
    works: true,
    durationMs: 512,
    era: 'session',
    protocolVersion: '2025-11-25',
    serverName: 'secure-filesystem-server',
    serverVersion: '0.2.0',
    tools: ['read_file'],
    failure: null,
  },
} as const

const testJson = ({ works, durationMs, negotiated, tools, failure }: ServerTest): z.input<typeof test> => ({
  ...{ works, durationMs, tools, failure },
  era: negotiated?.era ?? null,
  protocolVersion: negotiated?.protocolVersion ?? null,
  serverName: negotiated?.serverName ?? null,
  serverVersion: negotiated?.serverVersion ?? null,
})

export const testConfig = defineRoute({
  ...asksTheDesk,
  path: '/api/v1/servers/test',
  operation: 'servers.test-config',
  summary: 'Try a configuration',
  description:
    'Starts a throw-away instance and ends it. Nothing is registered. A server that cannot be started is an answer, not an error.',
  query: none,
  body: z.strictObject({ name: z.string().default('test'), ...configFields, allowLiterals }),
  answer: testAnswer,
  refusals: ['server-config-invalid', 'server-not-supervised-here'],
  async handle({ body: { name, allowLiterals: allow, ...input }, caller }, { fleet, usualServer }) {
    const config = configOf(input, name, usualServer)
    checkConfig({ config, allow })
    return { json: testJson(await fleet.testServer(config, { approved: false, signal: caller.signal })) }
  },
})

export const testServer = defineRoute({
  ...asksTheDesk,
  path: '/api/v1/servers/{id}/test',
  operation: 'servers.test',
  summary: 'Try the configuration of a server',
  description: 'Starts a throw-away instance beside the one that runs, and ends it. The one that runs is not touched.',
  params: idParam,
  query: none,
  answer: testAnswer,
  refusals: ['not-found', 'server-not-supervised-here'],
  async handle({ params: { id }, caller }, { serverPast, fleet, hash }) {
    const now = await serverPast.show(id, 'now')
    if (now?.view.situation !== 'registered') throw new ApiError('not-found')
    const { config, approvedArgv } = now.view
    const { transport } = config
    const approved = transport.kind === 'stdio' && approvedArgv.includes(argvHash(transport, hash))
    return { json: testJson(await fleet.testServer(config, { approved, signal: caller.signal })) }
  },
})

export const serverDeskRoutes = [testConfig, refreshServer, showServerLogs, testServer, callTool]
