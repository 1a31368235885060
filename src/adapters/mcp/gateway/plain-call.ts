/**
 * A call of a tool for somebody who speaks no MCP. It takes the way of every stateless client, so that nothing is checked or recorded otherwise; only
 * that the caller cannot be asked anything, and hears of no progress. Whoever waits for less long than the server may take is a caller who goes: his
 * call is cancelled at the server, and says nothing about it.
 */
import { mirrorHeaders } from '../../../domain/mcp/header-mirror.ts'
import { isReadable, readMessage, request } from '../../../domain/mcp/message.ts'
import { isObject } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { envelopeMeta } from '../../../domain/mcp/negotiation.ts'
import { LATEST_STATELESS } from '../../../domain/mcp/versions.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { McpDirectory, PlainAnswer, PlainCall } from '../../../domain/ports/mcp.ts'
import type { EventSink, Inbound, Reply } from './exchange.ts'
import { mirroredOf } from './tool-list.ts'

const CALLER = { info: { name: 'http', version: '1' }, capabilities: {} }

export function callPlainly(
  { server, tool, arguments: given, principal, signal, timeoutMs }: PlainCall,
  { directory, handle }: { directory: McpDirectory; handle: (inbound: Inbound, reply: Reply) => void },
): Promise<PlainAnswer> {
  const params: JsonObject = { name: tool, arguments: given, _meta: envelopeMeta(CALLER) }
  const found = directory.find(server)
  const mirrored = mirroredOf(found?.tools() ?? [], tool)
  const headers: Record<string, string> = {
    ...mirrorHeaders(METHOD.callTool, params, mirrored),
    'mcp-protocol-version': LATEST_STATELESS,
  }
  const { promise, resolve } = Promise.withResolvers<PlainAnswer>()
  let over = false
  let giveUp = (): void => {}
  const end = (given: PlainAnswer): void => {
    if (over) return
    over = true
    clearTimeout(timer)
    resolve(given)
  }
  const leave = (rule: string, says: string): void => {
    if (over) return
    giveUp()
    end({ kind: 'error', rule, says })
  }
  const gone = (): void => leave('client-gone', 'the caller did not wait for the answer')
  // Of a server that may not take longer either, the server's own time-out tells.
  const isShorter = found !== undefined && timeoutMs !== undefined && timeoutMs < found.callTimeoutMs
  const timer = isShorter ? setTimeout(() => leave('timed-out', tooLate(server, tool, timeoutMs)), timeoutMs) : undefined
  const answer = (text: string): void => {
    const read = answerOf(text)
    if (read !== undefined) end(read)
  }
  const sink: EventSink = {
    event(data) {
      answer(data)
      return !signal.aborted
    },
    comment() {},
    end() {},
  }
  const body = request('plain', METHOD.callTool, params).text
  handle(
    { server, principal, verb: 'POST', body, header: (name) => headers[name] },
    {
      json: (_status, text) => answer(text),
      empty() {},
      events: () => sink,
      get over() {
        return over || signal.aborted
      },
      onGone(callback) {
        giveUp = callback
        if (signal.aborted) gone()
        else signal.addEventListener('abort', gone, { once: true })
      },
    },
  )
  return promise
}

const tooLate = (server: string, tool: string, timeoutMs: number): string =>
  `tool ${JSON.stringify(tool)} of server ${server} gave no answer within the ${timeoutMs} ms of its caller, and was cancelled; it may have had its effect`

function answerOf(text: string): PlainAnswer | undefined {
  const message = readMessage(text)
  if (!isReadable(message) || (message.kind !== 'result' && message.kind !== 'error')) return undefined
  const { result, error } = message.value
  if (isObject(result)) return { kind: 'result', result }
  const { code, message: says, data } = isObject(error) ? error : {}
  const rule = isObject(data) && typeof data['rule'] === 'string' ? data['rule'] : `error ${String(code)}`
  return { kind: 'error', rule, says: typeof says === 'string' ? says : 'without words' }
}
