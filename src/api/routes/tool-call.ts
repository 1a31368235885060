/** A tool called over plain HTTP, for programs that speak no MCP. It is checked, recorded and refused like every other call. */
import { z } from 'zod'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { aQuery } from '../route-shapes.ts'
import { none } from '../schemas/common.ts'
import { toolParam } from './server-tools.ts'

/** Longest that any server may be configured to take; what this one may take is looked up. */
const LONGEST_TIMEOUT_MS = 3_600_000

const anything = z.record(z.string(), z.json())

export const callTool = defineRoute({
  ...aQuery,
  method: 'POST',
  rateClass: 'command',
  path: '/api/v1/servers/{id}/tools/{tool}/calls',
  operation: 'tools.call',
  tag: 'tools',
  summary: 'Call a tool',
  description:
    'The answer is the result of the tool; `isError` says that the tool itself failed, or that the arguments do not fit its schema. Nothing is repeated by itself. Progress, and questions of the server, need MCP: `/mcp/{server}`.',
  permission: 'mcp:call_tools',
  params: toolParam,
  query: none,
  body: z.strictObject({
    arguments: anything.default({}),
    timeoutMs: z
      .int()
      .min(1)
      .max(LONGEST_TIMEOUT_MS)
      .optional()
      .describe(
        'The caller waits no longer: then the call is cancelled, and counts as cancelled. At most `callTimeoutMs` of the server, which is the default.',
      ),
  }),
  answer: {
    status: 200,
    schema: z
      .object({
        content: z.array(anything).describe('Text from outside.'),
        structuredContent: anything.optional(),
        isError: z.boolean(),
      })
      .meta({ id: 'ToolResult' }),
    example: { content: [{ type: 'text', text: 'a note' }], isError: false },
  },
  refusals: ['not-found', 'tool-call-refused', 'tool-call-timed-out', 'circuit-open', 'server-not-supervised-here'],
  async handle({ params: { id: serverId, tool }, body: { arguments: given, timeoutMs }, caller }, { fleet, queries }) {
    if (caller.principal === undefined) throw new ApiError('unauthenticated')
    if (timeoutMs !== undefined) {
      const { value: server } = await queries.servers.show(serverId)
      if (!server) throw new ApiError('not-found')
      const { callTimeoutMs } = server.config
      if (timeoutMs > callTimeoutMs) throw tooLong(callTimeoutMs)
    }
    const asked = { serverId, tool, arguments: given, principal: caller.principal.keyId, signal: caller.signal }
    const call = timeoutMs === undefined ? asked : { ...asked, timeoutMs }
    const { content, structuredContent, isError } = await fleet.callTool(call)
    return {
      json: {
        content: z.array(anything).catch([]).parse(content),
        ...(structuredContent === undefined ? {} : { structuredContent: anything.catch({}).parse(structuredContent) }),
        isError: isError === true,
      },
    }
  },
})

const tooLong = (callTimeoutMs: number): ApiError =>
  new ApiError('validation-failed', {
    details: { issues: [{ field: 'body.timeoutMs', rule: `must be at most ${callTimeoutMs}, the callTimeoutMs of the server` }] },
  })
