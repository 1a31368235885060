/** `subscriptions/listen` of a stateless client at a server with sessions: the gateway keeps the stream, and the server is subscribed to for it. */
import { makeMessage, methodOf } from '../../../domain/mcp/message.ts'
import { isObject, META, metaOf, paramsOf } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { McpSession } from '../../../domain/ports/mcp.ts'
import { onSessionEnd } from './session-end.ts'
import { deskOf } from './shared-desk.ts'
import type { Lost, StatelessVisits, Visit } from './stateless-visits.ts'
import type { Subscriptions } from './subscriptions.ts'

export type SubscribeOptions = Readonly<{
  visits: StatelessVisits
  subscriptions: Subscriptions
  done: () => void
  lost: (visit: Visit, settlement: Lost) => void
}>

export function subscribe(visit: Visit, session: McpSession, { visits, subscriptions, done, lost }: SubscribeOptions): void {
  const { server, asked, reply } = visit
  const { notifications } = asked.params
  const honoured = honouredOf(isObject(notifications) ? notifications : {}, session.negotiated.capabilities)
  const uris = new Set(Array.isArray(honoured['resourceSubscriptions']) ? honoured['resourceSubscriptions'] : [])
  const desk = deskOf(session, server.callTimeoutMs)
  const client = {}
  const forgets: (() => void)[] = []

  function end(): void {
    for (const forget of forgets.splice(0)) forget()
    if (session.open) desk.leave(client)
    done()
  }

  function say(method: string, body: JsonObject): void {
    const params = { ...body, _meta: { ...metaOf(body), [META.subscription]: asked.id } }
    if (!reply.notify(makeMessage({ jsonrpc: '2.0', method, params }).text)) end()
  }

  visits.onGone(visit, end)
  forgets.push(
    session.hear({
      notified(message) {
        const method = methodOf(message)
        const body = paramsOf(message.value)
        const field = FIELDS[method]
        if (field !== undefined ? honoured[field] === true : method === METHOD.resourceUpdated && uris.has(String(body['uri'])))
          say(method, body)
      },
    }),
    subscriptions.add(server.serverId, () => {
      if (honoured['toolsListChanged'] === true) say(METHOD.toolsChanged, {})
    }),
    onSessionEnd(session, ({ says }) => {
      end()
      lost(visit, { kind: 'lost', loss: { rule: 'link-ended', says, unseen: false } })
    }),
  )
  // The first thing that is said: nothing of the above speaks before this turn is over.
  say(METHOD.acknowledged, { notifications: honoured })
  for (const uri of uris) if (typeof uri === 'string') desk.subscribe(client, uri).catch(() => {})
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
