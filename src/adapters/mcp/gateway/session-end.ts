/** Tells whoever still wants to know that a session ended. A promise cannot be asked to forget, and a session may outlive thousands of listeners. */
import type { LinkEnd, McpSession } from '../../../domain/ports/mcp.ts'

const waiting = new WeakMap<McpSession, Set<(end: LinkEnd) => void>>()

/** Returns how to stop waiting. */
export function onSessionEnd(session: McpSession, callback: (end: LinkEnd) => void): () => void {
  let all = waiting.get(session)
  if (all === undefined) {
    const mine = new Set<(end: LinkEnd) => void>()
    all = mine
    waiting.set(session, mine)
    void session.ended.then((end) => {
      for (const tell of [...mine]) tell(end)
    })
  }
  const list = all.add(callback)
  return () => list.delete(callback)
}
