/**
 * A call of a tool for somebody who speaks no MCP. It takes the way of every stateless client, so that nothing is checked or recorded otherwise; only
 * that the caller cannot be asked anything, and hears of no progress.
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
  { server, tool, arguments: given, principal, signal }: PlainCall,
  { directory, handle }: { directory: McpDirectory; handle: (inbound: Inbound, reply: Reply) => void },
): Promise<PlainAnswer> {
  const params: JsonObject = { name: tool, arguments: given, _meta: envelopeMeta(CALLER) }
  const mirrored = mirroredOf(directory.find(server)?.tools() ?? [], tool)
  const headers: Record<string, string> = {
    ...mirrorHeaders(METHOD.callTool, params, mirrored),
    'mcp-protocol-version': LATEST_STATELESS,
  }
  const { promise, resolve } = Promise.withResolvers<PlainAnswer>()
  let over = false
  const answer = (text: string): void => {
    const read = answerOf(text)
    if (over || read === undefined) return
    over = true
    resolve(read)
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
        const gone = (): void => {
          if (over) return
          callback()
          over = true
          resolve({ kind: 'error', rule: 'client-gone', says: 'the caller did not wait for the answer' })
        }
        if (signal.aborted) gone()
        else signal.addEventListener('abort', gone, { once: true })
      },
    },
  )
  return promise
}

function answerOf(text: string): PlainAnswer | undefined {
  const message = readMessage(text)
  if (!isReadable(message) || (message.kind !== 'result' && message.kind !== 'error')) return undefined
  const { result, error } = message.value
  if (isObject(result)) return { kind: 'result', result }
  const { code, message: says, data } = isObject(error) ? error : {}
  const rule = isObject(data) && typeof data['rule'] === 'string' ? data['rule'] : `error ${String(code)}`
  return { kind: 'error', rule, says: typeof says === 'string' ? says : 'without words' }
}
