/** `subscriptions/listen` of a stateless client at a server with sessions: the gateway keeps the stream, and the server is subscribed to for it. */
import { type Message, makeMessage, methodOf, type RequestId } from '../../../domain/mcp/message.ts'
import { isObject, META, metaOf, paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { McpSession } from '../../../domain/ports/mcp.ts'
import { deskOf } from './shared-desk.ts'
import type { StatelessReply } from './stateless-reply.ts'

export type Subscription = Readonly<{ end(): void; toolsChanged(): void }>

export function subscribe(
  session: McpSession,
  {
    id,
    params,
    reply,
    timeoutMs,
    onBroken,
  }: { id: RequestId; params: JsonObject; reply: StatelessReply; timeoutMs: number; onBroken: () => void },
): Subscription {
  const honoured = honouredOf(isObject(params['notifications']) ? params['notifications'] : {}, session.negotiated.capabilities)
  const uris = new Set(Array.isArray(honoured['resourceSubscriptions']) ? honoured['resourceSubscriptions'] : [])
  const desk = deskOf(session, timeoutMs)
  const client = {}

  const say = (method: string, body: JsonObject): void => {
    const message = makeMessage({ jsonrpc: '2.0', method, params: { ...body, _meta: { ...metaOf(body), [META.subscription]: id } } })
    if (!reply.notify(message.text)) onBroken()
  }

  say(METHOD.acknowledged, { notifications: honoured })
  const forget = session.hear({
    notified(message: Message) {
      const method = methodOf(message)
      const body = paramsOf(message.value)
      const field = FIELDS[method]
      if (field !== undefined ? honoured[field] === true : method === METHOD.resourceUpdated && uris.has(String(body['uri'])))
        say(method, body)
    },
  })
  for (const uri of uris) if (typeof uri === 'string') desk.subscribe(client, uri).catch(() => {})

  return {
    end() {
      forget()
      if (session.open) desk.leave(client)
    },
    toolsChanged() {
      if (honoured['toolsListChanged'] === true) say(METHOD.toolsChanged, {})
    },
  }
}

const FIELDS: Readonly<Record<string, string | undefined>> = {
  [METHOD.toolsChanged]: 'toolsListChanged',
  [METHOD.promptsChanged]: 'promptsListChanged',
  [METHOD.resourcesChanged]: 'resourcesListChanged',
}

function honouredOf(wanted: JsonObject, capabilities: JsonObject): JsonObject {
  const can = (name: string, what: string): boolean => isObject(capabilities[name]) && capabilities[name][what] === true
  const uris = wanted['resourceSubscriptions']
  return {
    ...(wanted['toolsListChanged'] === true && 'tools' in capabilities ? { toolsListChanged: true } : {}),
    ...(wanted['promptsListChanged'] === true && can('prompts', 'listChanged') ? { promptsListChanged: true } : {}),
    ...(wanted['resourcesListChanged'] === true && can('resources', 'listChanged') ? { resourcesListChanged: true } : {}),
    ...(Array.isArray(uris) && can('resources', 'subscribe')
      ? { resourceSubscriptions: uris.filter((uri) => typeof uri === 'string').slice(0, 1_000) }
      : {}),
  }
}
