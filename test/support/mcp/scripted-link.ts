/** A server of a few lines within the test's own process: what it says to each message is the test's, and what it was sent can be looked at. */
import { isReadable, type Message, makeMessage, methodOf, readMessage } from '../../../src/domain/mcp/message.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { type LinkEnd, LinkEnded, type LinkListener, type McpLink } from '../../../src/domain/ports/mcp.ts'

export type ScriptedServer = Readonly<{
  /** One line to it; every call makes another life. */
  link: () => Promise<McpLink>
  /** Everything it was sent, in all of its lives. */
  sent: JsonObject[]
  /** Ends the life that is on, as a crash does. */
  crash(): void
  /** From now on no line of it can be closed. */
  sticks(): void
}>

export type Say = (message: JsonObject) => void

const TOOLS = ['read', 'write', 'ask'].map((name) => ({ name, inputSchema: { type: 'object' } }))

/** @param script what it does with a message that is not of the handshake. */
export function scriptedServer(era: 'session' | 'stateless', script: (message: JsonObject, say: Say) => void): ScriptedServer {
  const sent: JsonObject[] = []
  let crash: () => void = () => undefined
  let isStuck = false

  function opening({ id, method }: JsonObject): JsonObject | undefined {
    const about = { capabilities: { tools: { listChanged: true } }, serverInfo: { name: 'scripted', version: '1' } }
    if (method === 'tools/list') return { id: id ?? null, result: { tools: TOOLS } }
    if (era === 'stateless' && method === 'server/discover')
      return { id: id ?? null, result: { supportedVersions: ['2026-07-28'], resultType: 'complete', ...about } }
    if (era === 'session' && method === 'initialize') return { id: id ?? null, result: { protocolVersion: '2025-11-25', ...about } }
    if (method === 'server/discover' || method === 'initialize')
      return { id: id ?? null, error: { code: -32601, message: 'Method not found' } }
    return undefined
  }

  return {
    sent,
    crash: () => crash(),
    sticks: () => {
      isStuck = true
    },
    async link() {
      let listener: LinkListener | undefined
      let end: LinkEnd | undefined
      const ended = Promise.withResolvers<LinkEnd>()
      const finish = (reason: LinkEnd): void => {
        end ??= reason
        ended.resolve(end)
      }
      crash = () => finish({ reason: 'exited', says: 'it ended with code 3' })
      const say: Say = (value) => {
        if (end === undefined) listener?.message(makeMessage({ jsonrpc: '2.0', ...value }), undefined)
      }
      return {
        kind: 'stdio',
        ended: ended.promise,
        listen(to) {
          listener = to
        },
        async send({ text }: Message) {
          if (end !== undefined) throw new LinkEnded(end)
          const message = readMessage(text)
          if (!isReadable(message)) throw new TypeError(`the gateway sent what is no message: ${text}`)
          sent.push(message.value)
          const answer = opening(message.value)
          queueMicrotask(() => (answer === undefined ? methodOf(message) !== '' && script(message.value, say) : say(answer)))
        },
        abandon: () => false,
        agreed() {},
        async close() {
          if (isStuck) throw new Error('it cannot be ended')
          finish({ reason: 'asked', says: 'the line was closed' })
        },
      }
    },
  }
}
