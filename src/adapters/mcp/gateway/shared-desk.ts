/**
 * What a shared line of the older era can have only once, though many clients want it: the log level, and subscriptions to resources. The line
 * gets the most talkative level that anybody asked for and each subscription once; every client hears only what it asked for itself.
 */
import { type LogLevel, loudest } from '../../../domain/mcp/log-level.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import type { McpSession } from '../../../domain/ports/mcp.ts'

export interface SharedDesk {
  subscribe(client: object, uri: string): Promise<JsonObject>
  unsubscribe(client: object, uri: string): Promise<JsonObject>
  setLevel(client: object, level: LogLevel): Promise<JsonObject>
  leave(client: object): void
}

const desks = new WeakMap<McpSession, SharedDesk>()

export function deskOf(session: McpSession, timeoutMs: number): SharedDesk {
  let desk = desks.get(session)
  if (desk === undefined) {
    desk = createDesk(session, timeoutMs)
    desks.set(session, desk)
  }
  return desk
}

function createDesk(session: McpSession, timeoutMs: number): SharedDesk {
  const wanted = new Map<string, Set<object>>()
  const levels = new Map<object, LogLevel>()
  /** As the server was told last. */
  let level: LogLevel | undefined

  const ask = (method: string, params: JsonObject) => session.request(method, params, { timeoutMs })

  async function unsubscribe(client: object, uri: string): Promise<JsonObject> {
    const clients = wanted.get(uri)
    if (clients === undefined || !clients.delete(client) || clients.size > 0) return {}
    wanted.delete(uri)
    return await ask(METHOD.unsubscribe, { uri })
  }

  return {
    async subscribe(client, uri) {
      const clients = wanted.get(uri)
      if (clients !== undefined) {
        clients.add(client)
        return {}
      }
      const answer = await ask(METHOD.subscribe, { uri })
      const now = wanted.get(uri) ?? new Set()
      wanted.set(uri, now.add(client))
      return answer
    },
    unsubscribe,
    async setLevel(client, asked) {
      levels.set(client, asked)
      const wantedNow = loudest(levels.values()) ?? asked
      if (wantedNow === level) return {}
      level = wantedNow
      try {
        return await ask(METHOD.setLogLevel, { level: wantedNow })
      } catch (error) {
        // Whoever asks next tells it again.
        if (level === wantedNow) level = undefined
        throw error
      }
    },
    leave(client) {
      levels.delete(client)
      for (const uri of [...wanted.keys()]) unsubscribe(client, uri).catch(() => {})
    },
  }
}
