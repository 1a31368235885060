/** Tells whoever waits for a server that something was recorded of it. One subscription for all who wait; a hint only: who is told reads for himself. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { EventStore } from '../../domain/ports/event-store.ts'
import type { ServerEvent } from '../../domain/server/events.ts'

export interface ServerWatch {
  /** From now on nothing of this server is missed. */
  of(serverId: string): Waiting
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export interface Waiting extends Disposable {
  /** Resolves when something was recorded since the last call, or after `ms` milliseconds. Rejects with the reason of the signal. */
  changed(ms: number, signal: AbortSignal): Promise<void>
}

/** What can end the waiting of somebody who asked something of a server. */
const types = [
  'ServerRunning',
  'ServerStopped',
  'ServerFailed',
  'ServerDisabled',
  'ServerRetired',
  'ServerStartRequested',
  'ServerStopRequested',
  'ServerRestartRequested',
  'MaintenanceEntered',
] as const satisfies readonly ServerEvent['type'][]

export function createServerWatch({
  store,
  clock,
}: Readonly<{ store: Pick<EventStore, 'subscribe' | 'head'>; clock: Clock }>): ServerWatch {
  const waiting = new Map<string, Set<() => void>>()
  return {
    of(serverId) {
      let bell = Promise.withResolvers<void>()
      const ring = (): void => bell.resolve()
      const others = waiting.get(serverId) ?? new Set()
      waiting.set(serverId, others.add(ring))
      return {
        async changed(ms, signal) {
          const done = new AbortController()
          try {
            await Promise.race([bell.promise, clock.sleep(ms, AbortSignal.any([signal, done.signal]))])
          } finally {
            done.abort()
          }
          bell = Promise.withResolvers()
        },
        [Symbol.dispose]() {
          others.delete(ring)
          if (others.size === 0 && waiting.get(serverId) === others) waiting.delete(serverId)
        },
      }
    },
    async run(signal) {
      const after = await store.head()
      for await (const item of store.subscribe({ ...(after === undefined ? {} : { after }), types, signal })) {
        if ('checkpoint' in item) continue
        for (const ring of waiting.get(item.stream.slice('server-'.length)) ?? []) ring()
      }
    },
  }
}
