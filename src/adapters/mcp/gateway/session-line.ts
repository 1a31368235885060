/**
 * The line of one session to its server: shared with others, or its own. It is opened when it is needed, and again after the server was started anew;
 * the client's session knows nothing of that.
 */
import type { Message } from '../../../domain/mcp/message.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import { GatewayRefusal, type GatewayServer, type McpSession, type SessionListener } from '../../../domain/ports/mcp.ts'
import type { GatewayContext } from './context.ts'
import { type OwnLine, openOwnLine, repeatOpening } from './own-line.ts'
import { deskOf } from './shared-desk.ts'

export interface SessionLine {
  /** Open now. */
  readonly current: McpSession | undefined
  /** Open now, and of this session alone. */
  readonly isOwn: boolean
  /** @throws what the server, or the directory, says. */
  take(server: GatewayServer): McpSession | Promise<McpSession>
  /** The first time: with the server's own answer to `initialize`, where it was asked that. */
  begin(server: GatewayServer): Promise<Opened>
  /** Ends a line of its own; it comes back with the next `take`. */
  release(): Promise<void>
  close(): Promise<void>
}

export type Opened = Readonly<{ session: McpSession; answer: Message | undefined }>

export type SessionLineOptions = Readonly<{
  initialize: JsonObject
  context: Pick<GatewayContext, 'makeRoom' | 'freshId'>
  hears: (session: McpSession, own: boolean) => SessionListener
  /** What the client told its server before, and would not tell again. */
  told: Readonly<{ logLevel: () => string | undefined; uris: ReadonlySet<string> }>
  opened: (session: McpSession) => void
  /** Stands for the session at a shared desk. */
  client: object
}>

export function createSessionLine({ initialize, context, hears, told, opened, client }: SessionLineOptions): SessionLine {
  let held: { session: McpSession; own: boolean; forget: () => void } | undefined
  let connecting: Promise<McpSession> | undefined
  let closed = false

  async function connect(server: GatewayServer, isFirst: boolean): Promise<Opened> {
    held?.forget()
    held = undefined
    const signal = AbortSignal.timeout(server.callTimeoutMs)
    const own = server.isolation === 'session'
    const counted = own ? await context.makeRoom(server) : undefined
    let line: OwnLine
    try {
      line = own
        ? await openOwnLine(server, context.freshId(), initialize, signal)
        : { session: await server.shared(signal), opening: undefined }
    } catch (error) {
      counted?.()
      throw error
    }
    const { session, opening } = line
    if (closed) {
      counted?.()
      if (own) await session.close()
      throw new GatewayRefusal('session-ended', 'the session has ended')
    }
    held = { session, own, forget: session.hear(hears(session, own)) }
    counted?.()
    if (own && !isFirst) repeatOpening(session, { logLevel: told.logLevel(), uris: told.uris })
    if (!own && told.uris.size > 0 && session.negotiated.era === 'session') {
      const desk = deskOf(session, server.callTimeoutMs)
      for (const uri of told.uris) desk.subscribe(client, uri).catch(() => {})
    }
    opened(session)
    return { session, answer: opening }
  }

  return {
    get current() {
      return held?.session.open ? held.session : undefined
    },
    get isOwn() {
      return held?.own === true && held.session.open
    },
    take(server) {
      if (held?.session.open) return held.session
      connecting ??= connect(server, false)
        .then(({ session }) => session)
        .finally(() => {
          connecting = undefined
        })
      return connecting
    },
    begin: (server) => connect(server, true),
    async release() {
      if (held?.own !== true) return
      const { session, forget } = held
      held = undefined
      forget()
      await session.close()
    },
    async close() {
      closed = true
      const last = held
      held = undefined
      last?.forget()
      if (last?.own) await last.session.close()
      else if (last?.session.open) deskOf(last.session, LEAVE_MS).leave(client)
    },
  }
}

/** For what a desk asks of the server when its client leaves. */
const LEAVE_MS = 10_000
