/** The list of tools as it is served, written once for each version of it: a list can be long, and is asked for often. */

import { type Mirrored, mirroredBy, mirrorHeaders } from '../../../domain/mcp/header-mirror.ts'
import type { RequestId } from '../../../domain/mcp/message.ts'
import { META } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { GatewayServer } from '../../../domain/ports/mcp.ts'
import type { ToolDefinition } from '../../../domain/server/tool.ts'

type Tools = readonly ToolDefinition[]

const texts = new WeakMap<Tools, string>()
const mirrors = new WeakMap<Tools, ReadonlyMap<string, readonly Mirrored[]>>()

type Listed = Pick<GatewayServer, 'tools' | 'whyNoTools'>

export function listForSession(id: RequestId, server: Listed): string {
  const why = emptiness(server)
  const meta = why === undefined ? '' : `,"_meta":${JSON.stringify(why)}`
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":${textOf(server.tools())}${meta}}}`
}

export function listForStateless(id: RequestId, server: Listed, serverInfo: JsonObject): string {
  const _meta = { [META.server]: serverInfo, ...emptiness(server) }
  const rest = JSON.stringify({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', _meta })
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":${textOf(server.tools())},${rest.slice(1)}}`
}

/** A list without tools says why: none there, none approved and none allowed are three things. */
function emptiness(server: Listed): JsonObject | undefined {
  const because = server.tools().length === 0 ? server.whyNoTools() : undefined
  return because === undefined ? undefined : { 'steward/because': because }
}

/** Parameters of one tool that stand in headers too. */
export function mirroredOf(tools: Tools, tool: string): readonly Mirrored[] {
  let byName = mirrors.get(tools)
  if (byName === undefined) {
    byName = new Map(
      tools.flatMap(({ name, inputSchema }) => {
        const mirrored = mirroredBy(inputSchema)
        return typeof mirrored === 'string' || mirrored.length === 0 ? [] : [[name, mirrored] as const]
      }),
    )
    mirrors.set(tools, byName)
  }
  return byName.get(tool) ?? []
}

/** For a server over HTTP: what the definition of the tool wants to stand in headers. */
export function mirroredHeaders(
  server: Pick<GatewayServer, 'tools'>,
  { method, params }: Readonly<{ method: string; params: JsonObject }>,
): { headers?: Record<string, string> } {
  if (method !== METHOD.callTool) return {}
  const wanted = mirroredOf(server.tools(), String(params['name']))
  return wanted.length === 0 ? {} : { headers: mirrorHeaders(method, params, wanted) }
}

function textOf(tools: Tools): string {
  let text = texts.get(tools)
  if (text === undefined) {
    text = JSON.stringify(tools)
    texts.set(tools, text)
  }
  return text
}
