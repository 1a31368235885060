/** A line that one client alone has: it is opened with that client's own words, in its era where the server speaks it. */
import { idOf, type Message, methodOf, notification, request } from '../../../domain/mcp/message.ts'
import { isObject } from '../../../domain/mcp/meta.ts'
import { METHOD } from '../../../domain/mcp/methods.ts'
import { type ClientIdentity, envelopeMeta, readDiscovered, readInitialized } from '../../../domain/mcp/negotiation.ts'
import type { JsonObject } from '../../../domain/ports/json.ts'
import { GatewayRefusal, type GatewayServer, type McpSession, type Settlement } from '../../../domain/ports/mcp.ts'
import { createLine, type Line } from '../line.ts'

export type OwnLine = Readonly<{
  session: McpSession
  /** The server's own answer to the client's `initialize`, where it understood it. */
  opening: Message | undefined
}>

export async function openOwnLine(server: GatewayServer, key: string, initialize: JsonObject, signal: AbortSignal): Promise<OwnLine> {
  const link = await server.own(key, signal)
  try {
    const line = createLine(link, { exclusive: true })
    const opening = await once(line, request(0, METHOD.initialize, initialize), server.callTimeoutMs)
    if (opening.kind === 'result') {
      const negotiated = readInitialized(isObject(opening.value['result']) ? opening.value['result'] : {})
      if (typeof negotiated === 'string') throw new GatewayRefusal('handshake-refused', `server ${server.name}: ${negotiated}`)
      return { session: line.agree(negotiated), opening }
    }
    const found = await once(line, request(0, METHOD.discover, { _meta: envelopeMeta(identityOf(initialize)) }), server.callTimeoutMs)
    const negotiated = found.kind === 'result' && isObject(found.value['result']) ? readDiscovered(found.value['result']) : REFUSED
    if (typeof negotiated === 'string') throw new GatewayRefusal('handshake-refused', `server ${server.name}: ${negotiated}`)
    return { session: line.agree(negotiated), opening: undefined }
  } catch (error) {
    await link.close()
    throw error
  }
}

const REFUSED = 'it refused initialize and server/discover'

export const identityOf = (initialize: JsonObject): ClientIdentity => ({
  info: isObject(initialize['clientInfo']) ? initialize['clientInfo'] : {},
  capabilities: isObject(initialize['capabilities']) ? initialize['capabilities'] : {},
})

/** What the client of a session would have said by itself after the server was started anew. */
export function repeatOpening(session: McpSession, { logLevel, uris }: { logLevel: string | undefined; uris: Iterable<string> }): void {
  if (session.negotiated.era !== 'session') return
  session.tell(notification(METHOD.initialized))
  const quietly = (method: string, params: JsonObject) => session.request(method, params, { timeoutMs: 10_000 }).catch(() => {})
  if (logLevel !== undefined) void quietly(METHOD.setLogLevel, { level: logLevel })
  for (const uri of uris) void quietly(METHOD.subscribe, { uri })
}

/** The answer as it came. */
function once(line: Line, message: Message, timeoutMs: number): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>()
  line.forward(
    message,
    {
      notified() {},
      asked: (question, answer) => answer(noClientYet(question)),
      settled(settlement) {
        if (settlement.kind === 'answered') resolve(settlement.message)
        else reject(new GatewayRefusal('handshake-refused', saysOf(message, settlement)))
      },
    },
    { timeoutMs },
  )
  return promise
}

function noClientYet(question: Message): Message {
  const value: JsonObject = { jsonrpc: '2.0', id: idOf(question) ?? 0, error: { code: -32_600, message: 'nothing is agreed yet' } }
  return { kind: 'error', value, text: JSON.stringify(value) }
}

function saysOf(message: Message, settlement: Exclude<Settlement, { kind: 'answered' }>): string {
  return settlement.kind === 'timed-out'
    ? `${methodOf(message)} was not answered within ${settlement.afterMs} ms`
    : `${methodOf(message)} was not answered: ${settlement.loss.says}`
}
