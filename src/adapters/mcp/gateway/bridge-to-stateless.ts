/**
 * A client with a session, at a server without: every request gets what the session agreed on, what the server needs in between is asked of the
 * client as the older era asks it, and a subscription stream stands for what the client subscribed to.
 */
import { CODE, failure } from '../../../domain/mcp/errors.ts'
import { idOf, type Message, makeMessage, methodOf, type RequestId, request } from '../../../domain/mcp/message.ts'
import { isObject, META, metaOf, paramsOf, withEnvelope, withoutEnvelope } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { ClientIdentity } from '../../../domain/mcp/negotiation.ts'
import { errorToSession, readInputRequired, resultToSession, retryParams } from '../../../domain/mcp/translate.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { CallSink, ForwardedCall, ForwardOptions, McpSession } from '../../../domain/ports/mcp.ts'

/** A server that asks again and again is stopped here. */
const MAX_ROUNDS = 10

export interface Bridge {
  forward(session: McpSession, message: Message, sink: CallSink, options: Pick<ForwardOptions, 'timeoutMs' | 'headers'>): ForwardedCall
  /** Subscribes anew to what is wanted now. */
  relisten(session: McpSession): void
  /** There is a line, perhaps another one than before. */
  renewed(session: McpSession): void
  close(): void
}

export type BridgeOptions = Readonly<{
  identity: ClientIdentity
  logLevel: () => string | undefined
  uris: ReadonlySet<string>
  /** Tells the client something that belongs to no call. */
  say: (text: string) => void
}>

export function createBridge({ identity, logLevel, uris, say }: BridgeOptions): Bridge {
  let listening: { session: McpSession; call: ForwardedCall; filter: string } | undefined

  function enveloped(session: McpSession, params: JsonObject): JsonObject {
    const level = logLevel()
    return withEnvelope(withoutEnvelope(params), {
      version: session.negotiated.version,
      client: identity.info,
      capabilities: identity.capabilities,
      ...(level === undefined ? {} : { logLevel: level }),
    })
  }

  function relisten(session: McpSession): void {
    if (session.negotiated.era !== 'stateless' || !session.open) return
    const notifications = filterOf(session.negotiated.capabilities, uris)
    const filter = JSON.stringify(notifications)
    if (listening?.session === session && listening.filter === filter) return
    listening?.call.cancel('another subscription takes its place')
    listening = undefined
    if (Object.keys(notifications).length === 0) return
    const asking = request('listen', METHOD.listen, enveloped(session, { notifications }))
    const sink: CallSink = {
      notified: (message) => {
        if (methodOf(message) !== METHOD.acknowledged) say(withoutSubscription(message).text)
      },
      asked: (_question, answer) => answer(failure(0, { code: CODE.refused, rule: 'no-live-call', says: 'a subscription asks nothing' })),
      settled: () => {
        if (listening?.session === session) listening = undefined
      },
    }
    listening = { session, filter, call: session.forward(asking, sink, { timeoutMs: Number.POSITIVE_INFINITY }) }
  }

  return {
    relisten,
    renewed: relisten,
    close: () => listening?.call.cancel('the session of the client ended'),

    forward(session, message, sink, options) {
      const id = idOf(message) ?? 0
      const method = methodOf(message)
      let live: ForwardedCall | undefined
      let over = false

      function round(params: JsonObject, number: number): void {
        const level = logLevel()
        live = session.forward(
          request(id, method, enveloped(session, params)),
          {
            notified: sink.notified,
            asked: sink.asked,
            settled(settlement) {
              if (settlement.kind !== 'answered') return sink.settled(settlement)
              const { value } = settlement.message
              if (isObject(value['error'])) return sink.settled(answered(value['id'], { error: errorToSession(value['error']) }))
              const result = isObject(value['result']) ? value['result'] : {}
              const needed = readInputRequired(result)
              if (needed === undefined) return sink.settled(answered(value['id'], { result: resultToSession(result) }))
              if (number >= MAX_ROUNDS) return sink.settled(answered(value['id'], { error: TOO_MANY_ROUNDS }))
              gather(
                needed.requests,
                sink,
                (answers) => {
                  if (!over) round(retryParams(params, answers, needed.state), number + 1)
                },
                (error) => sink.settled(answered(value['id'], { error })),
              )
            },
          },
          { ...options, wantsLog: level !== undefined },
        )
      }

      round(paramsOf(message.value), 1)
      return {
        get id() {
          return live?.id ?? 0
        },
        cancel(reason) {
          over = true
          live?.cancel(reason)
        },
      }
    },
  }
}

/** Asks the client each of them, and goes on when the last is answered. A question that it cannot answer ends the call. */
function gather(
  requests: readonly (readonly [string, JsonObject])[],
  sink: CallSink,
  done: (answers: JsonObject) => void,
  failed: (error: JsonObject) => void,
) {
  const answers: Record<string, JsonObject> = {}
  let missing = requests.length
  if (missing === 0) return done(answers)
  for (const [key, { method, params }] of requests) {
    const question = request(key, String(method), isObject(params) ? params : {})
    sink.asked(question, ({ value }) => {
      if (missing <= 0) return
      if (isObject(value['result'])) {
        answers[key] = value['result']
        missing--
        if (missing === 0) done(answers)
      } else {
        missing = 0
        const error = isObject(value['error']) ? value['error'] : {}
        failed({
          code: CODE.refused,
          message: `the client refused ${String(method)}: ${String(error['message'])}`,
          data: { rule: 'client-refused' },
        })
      }
    })
  }
}

const TOO_MANY_ROUNDS: JsonObject = {
  code: CODE.refused,
  message: `the server asked for more input ${MAX_ROUNDS} times`,
  data: { rule: 'too-many-rounds' },
}

const answered = (id: JsonObject[string] | undefined, rest: JsonObject) => ({
  kind: 'answered' as const,
  message: makeMessage({ jsonrpc: '2.0', id: asId(id), ...rest }),
})

const asId = (id: JsonObject[string] | undefined): RequestId => (typeof id === 'string' || typeof id === 'number' ? id : 0)

function filterOf(capabilities: JsonObject, uris: ReadonlySet<string>): JsonObject {
  const changes = (name: string): boolean => isObject(capabilities[name]) && capabilities[name]['listChanged'] === true
  return {
    ...(changes('tools') ? { toolsListChanged: true } : {}),
    ...(changes('prompts') ? { promptsListChanged: true } : {}),
    ...(changes('resources') ? { resourcesListChanged: true } : {}),
    ...(uris.size === 0 ? {} : { resourceSubscriptions: [...uris] }),
  }
}

function withoutSubscription(message: Message): Message {
  const params = paramsOf(message.value)
  const { [META.subscription]: _id, ...meta } = metaOf(params)
  const { _meta, ...rest } = params
  const kept = Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta }
  return makeMessage({ jsonrpc: '2.0', method: methodOf(message), ...(Object.keys(kept).length === 0 ? {} : { params: kept }) })
}
