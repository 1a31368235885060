/**
 * A line of one client alone, lent to it by the server. Whatever ends it - the client, the program, the server - ends the program behind it as well;
 * and the server knows whether a call is under way on it, so that it need not cut one off when another run takes its place.
 */
import { idOf, methodOf, type RequestId } from '../../domain/mcp/message.ts'
import { METHOD } from '../../domain/mcp/methods.ts'
import type { McpLink } from '../../domain/ports/mcp.ts'

/** What a server has lent. */
export type Loan = Readonly<{
  /** Ends it. @throws StopFailed */
  end: (mostGraceMs?: number) => Promise<unknown>
  /** Resolves when no request is under way on it; a subscription has no end of its own and does not count. */
  idle: () => Promise<void>
}>

export type LentLine = Readonly<{ link: McpLink; idle: Loan['idle'] }>

export function lentLine(link: McpLink, end: Loan['end']): LentLine {
  const underWay = new Set<RequestId>()
  const waiting = new Set<() => void>()

  function over(id: RequestId | undefined): void {
    if (id === undefined || !underWay.delete(id) || underWay.size > 0) return
    for (const tell of waiting) tell()
    waiting.clear()
  }

  void link.ended.then(() => {
    for (const tell of waiting) tell()
    waiting.clear()
    underWay.clear()
    // It may live on behind a closed output. What could not be ended stays lent: its server tries again.
    end().catch(() => undefined)
  })

  return {
    idle: () => (underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
    link: {
      ...link,
      listen(to) {
        link.listen({
          ...to,
          message(message, about) {
            if (message.kind === 'result' || message.kind === 'error') over(idOf(message))
            to.message(message, about)
          },
          lost(id, loss) {
            over(id)
            to.lost(id, loss)
          },
        })
      },
      async send(message, about) {
        const id = message.kind === 'request' && methodOf(message) !== METHOD.listen ? (about?.id ?? idOf(message)) : undefined
        if (id !== undefined) underWay.add(id)
        try {
          await link.send(message, about)
        } catch (error) {
          over(id)
          throw error
        }
      },
      abandon(id) {
        over(id)
        return link.abandon(id)
      },
      async close() {
        await link.close()
        await end()
      },
    },
  }
}
