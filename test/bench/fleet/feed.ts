/** What `/ws` tells of servers, with the moment at which it was told. */
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { BenchSteward } from './steward.ts'

const change = z.object({
  type: z.literal('server_status_change'),
  data: z.object({ server_id: z.string(), timestamp: z.string(), new_state: z.string() }),
})

export type Seen = Readonly<{
  serverId: string
  state: string /** When it happened, and when it was told here; milliseconds since 1970. */
  atMs: number
  toldMs: number
}>

export interface Feed extends Disposable {
  readonly seen: readonly Seen[]
  /** Resolves with the first message that fits, of those that come from now on. */
  next(fits: (seen: Seen) => boolean): Promise<Seen>
}

export async function openFeed({ url, key }: BenchSteward): Promise<Feed> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${key}` } })
  const seen: Seen[] = []
  const waiting = new Set<(one: Seen) => void>()
  const subscribed = Promise.withResolvers<void>()
  socket.on('error', subscribed.reject)
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', channels: ['servers'] })))
  socket.on('message', (data) => {
    const toldMs = Date.now()
    const message: unknown = JSON.parse(String(data))
    if (z.object({ type: z.literal('subscribed') }).safeParse(message).success) subscribed.resolve()
    const { success, data: told } = change.safeParse(message)
    if (!success) return
    const { server_id: serverId, timestamp, new_state: state } = told.data
    const one = { serverId, state, atMs: Date.parse(timestamp), toldMs }
    seen.push(one)
    for (const look of waiting) look(one)
  })
  await subscribed.promise
  return {
    seen,
    next(fits) {
      const found = Promise.withResolvers<Seen>()
      const look = (one: Seen): void => {
        if (!fits(one)) return
        waiting.delete(look)
        found.resolve(one)
      }
      waiting.add(look)
      return found.promise
    },
    [Symbol.dispose]: () => socket.terminate(),
  }
}
