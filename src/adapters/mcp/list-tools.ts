/**
 * All tools of a server, page after page, within bounds of number, size and time. A definition that cannot be served is named and left out; it
 * takes none of the others with it.
 */

import { isObject } from '../../domain/mcp/meta.ts'
import { METHOD } from '../../domain/mcp/methods.ts'
import { envelopeMeta } from '../../domain/mcp/negotiation.ts'
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import { type ListOptions, McpRequestFailed, type McpSession, type RequestOptions, type ToolListing } from '../../domain/ports/mcp.ts'
import type { ToolDefinition } from '../../domain/server/tool.ts'

export const STEWARD = { name: 'mcp-steward', version: '0.1.0' } as const

export async function listTools(
  session: McpSession,
  { timeoutMs, signal, maxTools = 2_000, maxBytes = 16 << 20, maxPages = 100 }: ListOptions,
): Promise<ToolListing> {
  // A server that has no tools need not know the question.
  if (!('tools' in session.negotiated.capabilities)) return { tools: [], invalid: [] }
  const started = performance.now()
  const tools = new Map<string, ToolDefinition>()
  const invalid: { name: string; says: string }[] = []
  const cursors = new Set<string>()
  let bytes = 0
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page++) {
    const leftMs = timeoutMs - (performance.now() - started)
    if (leftMs <= 0) throw tooMuch('timed-out', `its tools were not listed within ${timeoutMs} ms`)
    const params = asked(session, cursor === undefined ? {} : { cursor })
    const answer = await session.request(METHOD.listTools, params, { timeoutMs: leftMs, ...(signal === undefined ? {} : { signal }) })
    const listed = answer['tools']
    if (!Array.isArray(listed)) throw tooMuch('unreadable-answer', 'its answer to tools/list has no tools')
    bytes += JSON.stringify(listed).length
    if (bytes > maxBytes) throw tooMuch('too-large', `its tool definitions are longer than ${maxBytes} bytes`)
    for (const [index, definition] of listed.entries()) {
      const read = readTool(definition)
      if (typeof read === 'string') invalid.push({ name: nameOf(definition) ?? `#${tools.size + index}`, says: read })
      else if (tools.has(read.name)) invalid.push({ name: read.name, says: 'is listed twice; the first is taken' })
      else tools.set(read.name, read)
      if (tools.size > maxTools) throw tooMuch('too-large', `it lists more than ${maxTools} tools`)
    }
    const next = answer['nextCursor']
    if (typeof next !== 'string' || next === '') return { tools: [...tools.values()], invalid }
    if (cursors.has(next)) throw tooMuch('unreadable-answer', 'its list of tools leads back to a page that was there before')
    cursors.add(next)
    cursor = next
  }
  throw tooMuch('too-large', `its list of tools has more than ${maxPages} pages`)
}

/** Asks what costs a server nothing. @returns milliseconds until the answer. */
export async function probe(session: McpSession, options: RequestOptions): Promise<number> {
  const started = performance.now()
  await session.request(session.negotiated.era === 'stateless' ? METHOD.discover : METHOD.ping, asked(session, {}), options)
  return performance.now() - started
}

/** In the name of Steward itself, who can do nothing that a server might ask for. */
function asked({ negotiated }: McpSession, params: JsonObject): JsonObject {
  if (negotiated.era === 'session') return params
  return { ...params, _meta: envelopeMeta({ info: STEWARD, capabilities: {} }, negotiated.version) }
}

function readTool(value: Json): ToolDefinition | string {
  if (!isObject(value)) return 'is no object'
  const { name, title, description, inputSchema, outputSchema, annotations } = value
  if (typeof name !== 'string' || name === '') return 'has no name'
  if (name.length > 256) return 'has a name longer than 256 characters'
  if (!isObject(inputSchema)) return 'has no inputSchema'
  if (inputSchema['type'] !== undefined && inputSchema['type'] !== 'object') return 'has an inputSchema whose type is not object'
  if (title !== undefined && typeof title !== 'string') return 'has a title that is no text'
  if (description !== undefined && typeof description !== 'string') return 'has a description that is no text'
  if (outputSchema !== undefined && !isObject(outputSchema)) return 'has an outputSchema that is no object'
  if (annotations !== undefined && !isObject(annotations)) return 'has annotations that are no object'
  if (isDeeper(value, MOST_LEVELS)) return `is nested deeper than ${MOST_LEVELS} levels`
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}

/** A schema that is deeper is not compiled, so its tool could not be called; and whatever walks through a definition has only one stack. */
const MOST_LEVELS = 64

const isDeeper = (value: Json, levels: number): boolean =>
  value !== null && typeof value === 'object' && (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)))

const nameOf = (value: Json): string | undefined =>
  isObject(value) && typeof value['name'] === 'string' ? value['name'].slice(0, 256) : undefined

const tooMuch = (rule: McpRequestFailed['rule'], says: string) => new McpRequestFailed({ rule, says })
