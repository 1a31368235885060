/** A server that speaks only with sessions (2025-11-25 and older), on the official SDK. It remembers who told it what, so that a leak would show. */
import { McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const text = (line: string) => ({ content: [{ type: 'text' as const, text: line }] })
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const told: string[] = []
let cancelled = 0

const server = new McpServer(
  { name: 'session-server', version: '1.0.0' },
  { capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} } },
)
const none = { inputSchema: z.object({}) }

server.registerTool('remember', { inputSchema: z.object({ what: z.string() }) }, ({ what }) => {
  told.push(what)
  return text(told.join(','))
})
server.registerTool('pid', none, () => text(String(process.pid)))
server.registerTool('client', none, () =>
  text(JSON.stringify([server.server.getClientVersion()?.name, server.server.getClientCapabilities()])),
)
server.registerTool('ask-model', { inputSchema: z.object({ prompt: z.string() }) }, async ({ prompt }, ctx) => {
  try {
    const answer = await ctx.mcpReq.requestSampling({
      messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
      maxTokens: 10,
    })
    return text(`model: ${JSON.stringify(answer.content)}`)
  } catch (error) {
    return text(`refused: ${String(error)}`)
  }
})
server.registerTool('ask-person', none, async (_args, ctx) => {
  try {
    const answer = await ctx.mcpReq.elicitInput({
      mode: 'form',
      message: 'Who?',
      requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    })
    return text(`person: ${JSON.stringify(answer.content)}`)
  } catch (error) {
    return text(`refused: ${String(error)}`)
  }
})
server.registerTool('slow', { inputSchema: z.object({ ms: z.number(), log: z.string().optional() }) }, async ({ ms, log }, ctx) => {
  const progressToken = ctx.mcpReq._meta?.progressToken
  ctx.mcpReq.signal.addEventListener('abort', () => cancelled++)
  for (let step = 1; step <= 4; step++) {
    await pause(ms / 4)
    if (progressToken !== undefined)
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: step, total: 4 } })
    if (log !== undefined) await ctx.mcpReq.log('info', `${log} ${step}`)
  }
  return text('slept')
})
server.registerTool('cancelled', none, () => text(String(cancelled)))
server.registerTool('crash', none, () => process.exit(3))
server.registerTool('touch', none, async () => {
  await server.server.sendResourceUpdated({ uri: 'test://thing' })
  return text('touched')
})
server.registerResource('thing', 'test://thing', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a thing' }] }))
server.server.setRequestHandler('resources/subscribe', () => ({}))
server.server.setRequestHandler('resources/unsubscribe', () => ({}))

await server.connect(new StdioServerTransport())
