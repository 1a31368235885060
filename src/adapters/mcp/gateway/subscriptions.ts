/** Who of the stateless clients listens to which server, so that all of them hear when its served list is another. */
export interface Subscriptions {
  /** Returns how to stop. */
  add(serverId: string, toolsChanged: () => void): () => void
  toolsChanged(serverId: string): void
}

export function createSubscriptions(): Subscriptions {
  const listening = new Map<string, Set<() => void>>()
  return {
    add(serverId, toolsChanged) {
      const of = listening.get(serverId) ?? new Set()
      listening.set(serverId, of.add(toolsChanged))
      return () => {
        of.delete(toolsChanged)
        if (of.size === 0 && listening.get(serverId) === of) listening.delete(serverId)
      }
    },
    toolsChanged(serverId) {
      for (const tell of [...(listening.get(serverId) ?? [])]) tell()
    },
  }
}
