/** A server that speaks only the stateless era (2026-07-28), on the official SDK. */
import { acceptedContent, inputRequired, inputResponse, McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const text = (line: string) => ({ content: [{ type: 'text' as const, text: line }] })
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
let cancelled = 0

serveStdio(
  () => {
    const server = new McpServer(
      { name: 'stateless-server', version: '1.0.0' },
      { capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} }, instructions: 'be kind' },
    )
    const none = { inputSchema: z.object({}) }
    server.registerTool('pid', none, () => text(String(process.pid)))
    server.registerTool('client', none, (_args, ctx) => text(JSON.stringify(ctx.mcpReq.envelope)))
    server.registerTool('ask-model', { inputSchema: z.object({ prompt: z.string() }) }, ({ prompt }, ctx) => {
      const given = inputResponse(ctx.mcpReq.inputResponses, 'model')
      if (given.kind === 'sampling') return text(`model: ${JSON.stringify(given.result.content)}`)
      const model = inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 10 })
      return inputRequired({ inputRequests: { model } })
    })
    server.registerTool('ask-person', none, (_args, ctx) => {
      const given = acceptedContent<{ name: string }>(ctx.mcpReq.inputResponses, 'person')
      if (given !== undefined) return text(`person: ${JSON.stringify(given)}`)
      const person = inputRequired.elicit({ message: 'Who?', requestedSchema: z.object({ name: z.string() }) })
      return inputRequired({ inputRequests: { person }, requestState: 'a state of the server' })
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
    return server
  },
  { legacy: 'reject' },
)
