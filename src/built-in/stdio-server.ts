/**
 * An MCP server over its standard streams, as small as one with nothing but tools can be: both eras of the protocol, one line in memory at a time, every
 * request answered once. What a tool throws is a fault of ours; what a caller gets wrong is a result that says so.
 */
import type { Readable, Writable } from 'node:stream'
import { CODE } from '../domain/mcp/errors.ts'
import { isObject, META, metaOf, paramsOf } from '../domain/mcp/meta.ts'
import { isSessionVersion, isStatelessVersion, LATEST_SESSION, STATELESS_VERSIONS } from '../domain/mcp/versions.ts'
import type { Json, JsonObject } from '../domain/ports/json.ts'

export type ServedTool = Readonly<{
  definition: JsonObject & Readonly<{ name: string }>
  /** Text that a model can read; `value` where the tool has an output schema. */
  call(args: JsonObject): Readonly<{ text: string; value?: JsonObject }> | ToolFailure
}>

/** The caller asked for what cannot be done; the text tells how to mend it. */
export class ToolFailure {
  readonly says: string
  constructor(says: string) {
    this.says = says
  }
}

export type Served = Readonly<{
  info: Readonly<{ name: string; title: string; version: string }>
  instructions: string
  tools: readonly ServedTool[]
}>

const LONGEST_LINE = 1 << 16

/** Until the input ends. */
export async function serveStdio(served: Served, { input, output }: Readonly<{ input: Readable; output: Writable }>): Promise<void> {
  const answer = createAnswer(served)
  for await (const line of linesOf(input)) {
    const message =
      line === undefined ? failure(null, CODE.invalidRequest, `a line is longer than ${LONGEST_LINE} characters`) : answer(line)
    if (message === undefined || output.write(`${JSON.stringify(message)}\n`)) continue
    // Whoever does not read is not written to for ever.
    await new Promise((resolve) => output.once('drain', resolve))
  }
}

/** Undefined for a line that was too long to be kept. */
async function* linesOf(input: Readable): AsyncGenerator<string | undefined> {
  input.setEncoding('utf8')
  let rest = ''
  let isTooLong = false
  for await (const chunk of input) {
    const [first = '', ...more] = String(chunk).split('\n')
    rest += first
    for (const next of more) {
      if (isTooLong || rest.length > LONGEST_LINE) yield undefined
      else if (rest.trim() !== '') yield rest
      rest = next
      isTooLong = false
    }
    if (rest.length > LONGEST_LINE) {
      rest = ''
      isTooLong = true
    }
  }
}

/** What is answered to a line; nothing to a notification. Remembers whether a session was opened. */
export function createAnswer({ info, instructions, tools }: Served): (line: string) => JsonObject | undefined {
  let hasSession = false
  const capabilities = { tools: {} }
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]))

  function resultOf(method: string, params: JsonObject): JsonObject | Refused {
    switch (method) {
      case 'tools/list':
        return { tools: tools.map(({ definition }) => definition) }
      case 'tools/call': {
        const { name, arguments: args = {} } = params
        const tool = typeof name === 'string' ? byName.get(name) : undefined
        if (tool === undefined)
          return new Refused(CODE.invalidParams, `there is no tool of that name; there are ${[...byName.keys()].join(', ')}`)
        if (!isObject(args)) return new Refused(CODE.invalidParams, 'arguments must be an object')
        const result = tool.call(args)
        if (result instanceof ToolFailure) return { content: [{ type: 'text', text: result.says }], isError: true }
        return {
          content: [{ type: 'text', text: result.text }],
          ...(result.value === undefined ? {} : { structuredContent: result.value }),
        }
      }
      default:
        return new Refused(CODE.methodNotFound, 'Method not found')
    }
  }

  /** Each request says in which revision it speaks. */
  function stateless(method: string, params: JsonObject): JsonObject | Refused {
    const meta = metaOf(params)
    const version = meta[META.version]
    if (typeof version !== 'string' || !isObject(meta[META.capabilities])) {
      return new Refused(CODE.invalidParams, `_meta must have ${META.version} and ${META.capabilities}`)
    }
    if (!isStatelessVersion(version)) {
      const data = { supported: [...STATELESS_VERSIONS], requested: version }
      return new Refused(CODE.unsupportedVersion, 'this revision is not spoken here without a session', data)
    }
    const asked =
      method === 'server/discover' ? { supportedVersions: [...STATELESS_VERSIONS], capabilities, instructions } : resultOf(method, params)
    if (asked instanceof Refused) return asked
    const isList = method !== 'tools/call'
    return { ...asked, resultType: 'complete', ...(isList ? { ttlMs: 0, cacheScope: 'private' } : {}), _meta: { [META.server]: info } }
  }

  function withSession(method: string, params: JsonObject): JsonObject | Refused {
    if (method === 'ping') return {}
    if (method === 'initialize') {
      hasSession = true
      const { protocolVersion: wanted } = params
      const protocolVersion = typeof wanted === 'string' && isSessionVersion(wanted) ? wanted : LATEST_SESSION
      return { protocolVersion, capabilities, serverInfo: info, instructions }
    }
    return hasSession ? resultOf(method, params) : new Refused(CODE.invalidRequest, 'initialize comes first')
  }

  return (line) => {
    const request = parsed(line)
    if (request === undefined) return failure(null, CODE.notJson, 'the line is not JSON')
    if (!isObject(request) || typeof request['method'] !== 'string') return failure(null, CODE.invalidRequest, 'the line is no request')
    const { id, method } = request
    if (id === undefined) return undefined
    if (typeof id !== 'string' && typeof id !== 'number') return failure(null, CODE.invalidRequest, 'the id must be text or a number')
    const params = paramsOf(request)
    const isStateless = method === 'server/discover' || META.version in metaOf(params)
    const result = isStateless ? stateless(method, params) : withSession(method, params)
    return result instanceof Refused ? failure(id, result.code, result.says, result.data) : { jsonrpc: '2.0', id, result }
  }
}

class Refused {
  readonly code: number
  readonly says: string
  readonly data: JsonObject | undefined
  constructor(code: number, says: string, data?: JsonObject) {
    this.code = code
    this.says = says
    this.data = data
  }
}

const failure = (id: string | number | null, code: number, message: string, data?: JsonObject): JsonObject => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) },
})

function parsed(line: string): Json | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
