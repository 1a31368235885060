/** Tool servers and their tools in the words of their document: started and stopped, allowed and not, and how they are. */
import { z } from 'zod'
import type { Route } from '../../define-route.ts'
import { showServerHealth } from '../../routes/server-health.ts'
import { disableServer, enableServer, restartServer, startServer, stopServer } from '../../routes/server-lifecycle.ts'
import { disableTool, enableTool, listServerTools } from '../../routes/server-tools.ts'
import { exampleId, exampleTime, listOf, none, pageQuery, timeText } from '../../schemas/common.ts'
import { documentTool, documentToolJson, exampleDocumentTool } from '../../schemas/tool-servers.ts'
import { defineAlias } from '../define-alias.ts'
import { byId, serverParam } from '../named-server.ts'
import { done, doneAnswer } from './done.ts'
import { TOOL_SERVERS } from './servers.ts'

const intent = (verb: string, canonical: typeof startServer): Route =>
  defineAlias(canonical, {
    path: `${TOOL_SERVERS}/{id}/${verb}`,
    operation: `documents.toolservers.${verb}`,
    tag: 'aliases',
    summary: `${verb[0]?.toUpperCase()}${verb.slice(1)} a tool server`,
    params: serverParam,
    query: none,
    body: none,
    answer: doneAnswer,
    request: async (request, context) => ({ ...(await byId(request, context)), query: { preview: false }, body: {} }),
    reply: done,
  })

const tools = defineAlias(listServerTools, {
  path: `${TOOL_SERVERS}/{id}/tools`,
  operation: 'documents.toolservers.tools',
  tag: 'aliases',
  summary: 'List the tools of a tool server',
  params: serverParam,
  query: pageQuery,
  body: none,
  answer: {
    status: 200,
    schema: z.object({ tools: listOf(documentTool), total: z.int(), because: z.string().nullable().describe('Why there are none.') }),
    example: { tools: [exampleDocumentTool], total: 1, because: null },
  },
  async request(request, context) {
    const { query, ...rest } = await byId(request, context)
    return { ...rest, query: { ...query, limit: query.page_size } }
  },
  reply: ({ items, total, because }) => ({ tools: items.map(documentToolJson), total: total ?? items.length, because }),
})

const toolParam = z.strictObject({
  id: z
    .string()
    .regex(/^[^~]+~.+$/, 'must be the id of a tool')
    .describe('As the list of tools shows it.'),
})

const toolSwitch = (verb: 'enable' | 'disable', canonical: typeof enableTool): Route =>
  defineAlias(canonical, {
    path: `/api/v1/toolservers/tools/{id}/${verb}`,
    operation: `documents.tools.${verb}`,
    tag: 'aliases',
    summary: `${verb === 'enable' ? 'Enable' : 'Disable'} a tool`,
    params: toolParam,
    query: none,
    body: none,
    answer: doneAnswer,
    async request({ params, ...rest }) {
      const at = params.id.indexOf('~')
      const on = { id: params.id.slice(0, at), tool: params.id.slice(at + 1) }
      return { ...rest, params: on, query: { preview: false }, body: {} }
    },
    reply: (json, { params }) => ({ ...done(json), id: params.id }),
  })

const health = defineAlias(showServerHealth, {
  path: `${TOOL_SERVERS}/{id}/health`,
  operation: 'documents.toolservers.health',
  tag: 'aliases',
  summary: 'Show how a tool server is',
  params: serverParam,
  query: none,
  body: none,
  answer: {
    status: 200,
    schema: z.object({
      server_id: z.string(),
      server_name: z.string(),
      status: z.string(),
      is_running: z.boolean(),
      is_responsive: z.boolean(),
      tools_count: z.int(),
      last_check: timeText.nullable(),
      error_message: z.string().nullable().describe('Text from outside.'),
    }),
    example: {
      server_id: exampleId,
      server_name: 'my_calculator',
      status: 'ok',
      is_running: true,
      is_responsive: true,
      tools_count: 4,
      last_check: exampleTime,
      error_message: null,
    },
  },
  request: byId,
  reply: ({ id, name, status, state, health: word, facts, since, tools: count, error }) => ({
    server_id: id,
    server_name: name,
    status,
    is_running: state === 'running',
    // Before the first probe, having agreed on the protocol is the answer. One that does not run answers nothing, whatever it did before.
    is_responsive: state === 'running' && (facts?.ready ?? word === 'healthy'),
    tools_count: count,
    last_check: since,
    error_message: error,
  }),
})

export const controlAliases: readonly Route[] = [
  intent('start', startServer),
  intent('stop', stopServer),
  intent('restart', restartServer),
  intent('enable', enableServer),
  intent('disable', disableServer),
  tools,
  toolSwitch('enable', enableTool),
  toolSwitch('disable', disableTool),
  health,
]
