/** The check of one tool call, and the line of usage that it leaves, the same in both eras. */
import { CODE, failure, refuse } from '../../../domain/mcp/errors.ts'
import { type Message, makeMessage, type RequestId } from '../../../domain/mcp/message.ts'
import { isObject, metaOf, paramsOf } from '../../../domain/mcp/meta.ts'
import { isReading, METHOD } from '../../../domain/mcp/methods.ts'
import type { Era } from '../../../domain/mcp/versions.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import {
  GatewayRefusal,
  type GatewayServer,
  type GatewayUsage,
  HandshakeFailed,
  McpRequestFailed,
  type Settlement,
} from '../../../domain/ports/mcp.ts'
import type { GatewayContext } from './context.ts'

export type Admission = Readonly<{ kind: 'go'; timeoutMs: number; retrySafe: boolean }> | Readonly<{ kind: 'answer'; message: Message }>

export function admit(server: GatewayServer, { method, id, params, era }: Asked, usage: Usage | undefined): Admission {
  const { unusable } = server
  if (unusable !== undefined) {
    const { rule, says } = unusable
    usage?.end('refused', rule)
    return { kind: 'answer', message: failure(id, { code: CODE.unavailable, rule, says, data: { server: server.name } }) }
  }
  if (method !== METHOD.callTool) return { kind: 'go', timeoutMs: server.callTimeoutMs, retrySafe: isReading(method) }
  const tool = params['name']
  if (typeof tool !== 'string')
    return { kind: 'answer', message: failure(id, { code: CODE.invalidParams, rule: 'tool-name', says: 'params.name is no text' }) }
  const args = params['arguments']
  if (args !== undefined && !isObject(args)) {
    usage?.end('refused', 'arguments')
    return { kind: 'answer', message: failure(id, { code: CODE.invalidParams, rule: 'arguments', says: 'params.arguments is no object' }) }
  }
  const verdict = server.callable(tool, args ?? {})
  switch (verdict.kind) {
    case 'ok':
      return { kind: 'go', timeoutMs: verdict.timeoutMs, retrySafe: verdict.retrySafe }
    case 'refused': {
      const { rule, says } = verdict
      usage?.end('refused', rule)
      const data = { server: server.name, tool }
      if (verdict.as === 'result')
        return { kind: 'answer', message: toolResult(id, era, { text: says, isError: true, meta: { [RULE]: rule } }) }
      const code = rule === 'tool-unknown' ? CODE.invalidParams : CODE.refused
      return { kind: 'answer', message: failure(id, { ...refuse(rule, says, data), code }) }
    }
    case 'bypassed':
      usage?.end('bypassed', verdict.rule)
      return {
        kind: 'answer',
        message: toolResult(id, era, { text: undefined, isError: false, meta: { [RULE]: verdict.rule, [BYPASSED]: verdict.says } }),
      }
  }
}

export type Asked = Readonly<{ method: string; id: RequestId; params: JsonObject; era: Era }>

const RULE = 'steward/rule'
const BYPASSED = 'steward/bypassed'

function toolResult(
  id: RequestId,
  era: Era,
  { text, isError, meta }: { text: string | undefined; isError: boolean; meta: JsonObject },
): Message {
  const content = text === undefined ? [] : [{ type: 'text', text }]
  const result = { content, isError, ...(era === 'stateless' ? { resultType: 'complete' } : {}), _meta: meta }
  return makeMessage({ jsonrpc: '2.0', id, result })
}

/** Why there is no answer, for the one who waits: which server, what happened, what to do. */
export function withoutAnswer(
  server: GatewayServer,
  { id, method, params }: Asked,
  settlement: Exclude<Settlement, { kind: 'answered' }>,
): Message {
  const tool = method === METHOD.callTool ? { tool: String(params['name']) } : {}
  const what = method === METHOD.callTool ? `tool ${JSON.stringify(params['name'])}` : method
  const data = { server: server.name, ...tool }
  if (settlement.kind === 'timed-out') {
    const says = `${what} of server ${server.name} gave no answer within ${settlement.afterMs} ms and was cancelled; it may have had its effect`
    return failure(id, { code: CODE.timedOut, rule: 'timed-out', says, data })
  }
  const { rule, says, unseen } = settlement.loss
  const effect = unseen ? 'the call never reached it' : 'the call may have had its effect; it is not repeated by itself'
  return failure(id, { code: CODE.unavailable, rule, says: `${what} of server ${server.name} was not answered: ${says}; ${effect}`, data })
}

export interface Usage {
  end(outcome: GatewayUsage['outcome'], rule?: string, responseBytes?: number): void
  answered(message: Message): void
  /** It is no call of its own: a retry goes on with one that has its record. */
  forget(): void
}

export function startUsage(
  { record, nowMs }: GatewayContext,
  server: GatewayServer,
  caller: Readonly<{ principal: string; sessionId: string | undefined }>,
  message: Message,
): Usage {
  const startedAtMs = nowMs()
  const started = performance.now()
  let over = false
  function end(outcome: GatewayUsage['outcome'], rule?: string, responseBytes = 0): void {
    if (over) return
    over = true
    const params = paramsOf(message.value)
    const conversation = metaOf(params)['conversationId']
    record({
      serverId: server.serverId,
      tool: String(params['name']),
      principal: caller.principal,
      sessionId: caller.sessionId,
      conversation: typeof conversation === 'string' ? conversation.slice(0, 128) : undefined,
      startedAtMs,
      durationMs: performance.now() - started,
      outcome,
      rule,
      requestBytes: message.text.length,
      responseBytes,
      arguments: isObject(params['arguments']) ? params['arguments'] : {},
    })
  }
  return {
    end,
    forget() {
      over = true
    },
    answered({ value, text, kind }) {
      if (kind === 'error') {
        const error = isObject(value['error']) ? value['error'] : {}
        end('error', String(error['code']), text.length)
      } else end(isObject(value['result']) && value['result']['isError'] === true ? 'tool-error' : 'ok', undefined, text.length)
    },
  }
}

/** The server could not be reached at all, by the rule that says why. */
export function unavailable(
  { name }: GatewayServer,
  { id, method, params }: Pick<Asked, 'id' | 'method' | 'params'>,
  error: unknown,
): Message {
  const says = error instanceof Error ? error.message : String(error)
  const data = { server: name, ...(method === METHOD.callTool ? { tool: String(params['name']) } : {}) }
  return failure(id, { code: CODE.unavailable, rule: ruleOf(error), says: `server ${name} cannot be used: ${says}`, data })
}

export const ruleOf = (error: unknown): string =>
  error instanceof GatewayRefusal || error instanceof McpRequestFailed || error instanceof HandshakeFailed
    ? error.rule
    : 'server-unavailable'

/** How a call ends that got no line: refused where Steward itself gives none, which says nothing about the server; else the server is at fault. */
export const outcomeOf = (error: unknown): 'refused' | 'lost' =>
  error instanceof GatewayRefusal && OUR_RULES.has(error.rule) ? 'refused' : 'lost'

/** `server-failed`, `handshake-refused` and the reasons of a failed start are the server's own. */
const OUR_RULES: ReadonlySet<string> = new Set([
  'too-many-sessions',
  'session-ended',
  'server-not-registered',
  'server-disabled',
  'server-in-maintenance',
  'server-stopped',
  // Steward itself is about to stop.
  'server-not-running',
])
