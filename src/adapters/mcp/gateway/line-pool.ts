/**
 * Lines for stateless clients of a server that gives nobody a line together with others. A stateless client has no session, so its line belongs
 * to its principal; at a server with sessions also to what it declared, because such a server is told that only once.
 */

import { METHOD } from '../../../domain/mcp/methods.ts'
import type { ClientIdentity } from '../../../domain/mcp/negotiation.ts'
import type { GatewayServer, McpLink, McpSession } from '../../../domain/ports/mcp.ts'
import { negotiate } from '../negotiate.ts'
import type { GatewayContext } from './context.ts'

export type Asker = Readonly<{ principal: string; identity: ClientIdentity; logLevel: string | undefined }>

export interface PooledLine {
  readonly serverId: string
  readonly principal: string
  readonly busy: boolean
  readonly lastUsedMs: number
  release(): Promise<void>
}

export interface LinePool {
  /** Counts as busy until `done` is called. */
  take(server: GatewayServer, asker: Asker): Promise<Readonly<{ session: McpSession; done: () => void }>>
  lines(): Iterable<PooledLine>
  holds(principal: string): boolean
  /** Ends its lines, those that are being opened as well. */
  endPrincipal(principal: string): Promise<void>
  close(): Promise<void>
}

type Entry = {
  ready: Promise<McpSession>
  session: McpSession | undefined
  live: number
  lastUsedMs: number
  readonly serverId: string
  readonly principal: string
}

export function createLinePool({ makeRoom, nowMs, freshId }: GatewayContext): LinePool {
  const entries = new Map<string, Entry>()

  function open(server: GatewayServer, asker: Asker, key: string): Entry {
    const entry: Entry = {
      ready: connect(server, asker),
      session: undefined,
      live: 0,
      lastUsedMs: nowMs(),
      serverId: server.serverId,
      principal: asker.principal,
    }
    entries.set(key, entry)
    entry.ready.then(
      (session) => {
        entry.session = session
        void session.ended.then(() => forget(key, entry))
      },
      () => forget(key, entry),
    )
    return entry
  }

  function forget(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key)
  }

  async function connect(server: GatewayServer, { identity, logLevel }: Asker): Promise<McpSession> {
    const opened = await makeRoom(server)
    let link: McpLink | undefined
    try {
      link = await server.own(freshId(), AbortSignal.timeout(server.callTimeoutMs))
      const known = server.negotiated
      const session = await negotiate(link, {
        identity,
        timeoutMs: server.callTimeoutMs,
        exclusive: true,
        ...(known === undefined ? {} : { prior: { era: known.era, version: known.version } }),
      })
      if (session.negotiated.era === 'session' && logLevel !== undefined && 'logging' in session.negotiated.capabilities) {
        await session.request(METHOD.setLogLevel, { level: logLevel }, { timeoutMs: server.callTimeoutMs })
      }
      return session
    } catch (error) {
      await link?.close()
      throw error
    } finally {
      opened()
    }
  }

  async function closeAll(which: (entry: Entry) => boolean): Promise<void> {
    const all = [...entries].filter(([, entry]) => which(entry))
    for (const [key] of all) entries.delete(key)
    await Promise.allSettled(all.map(async ([, { ready }]) => (await ready).close()))
  }

  return {
    async take(server, asker) {
      const key = keyOf(server, asker)
      const known = entries.get(key)
      const entry = known === undefined || known.session?.open === false ? open(server, asker, key) : known
      entry.live++
      let over = false
      const done = (): void => {
        if (over) return
        over = true
        entry.live--
        entry.lastUsedMs = nowMs()
      }
      try {
        return { session: await entry.ready, done }
      } catch (error) {
        done()
        throw error
      }
    },
    *lines() {
      for (const [key, entry] of entries) {
        // One that is being opened is counted where it is opened.
        if (entry.session === undefined) continue
        yield {
          serverId: entry.serverId,
          principal: entry.principal,
          busy: entry.live > 0,
          lastUsedMs: entry.lastUsedMs,
          async release() {
            forget(key, entry)
            await entry.session?.close()
          },
        }
      }
    },
    holds: (principal) => [...entries.values()].some((entry) => entry.principal === principal),
    endPrincipal: (principal) => closeAll((entry) => entry.principal === principal),
    close: () => closeAll(() => true),
  }
}

function keyOf(server: GatewayServer, { principal, identity, logLevel }: Asker): string {
  const declared = server.negotiated?.era === 'stateless' ? [] : [identity.capabilities, identity.info, logLevel ?? null]
  return JSON.stringify([server.serverId, principal, ...declared])
}
