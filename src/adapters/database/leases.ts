/**
 * Leases as session-level advisory locks of PostgreSQL, all on one connection of their own. The server lets them go when the session ends,
 * whatever killed its process, and nobody has to wait for a time-out. When the session is lost, every lease says so at once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Lease, Leases } from '../../domain/ports/leases.ts'
import { openSession, type Session } from './session.ts'
import { isHeld } from './sql/is-held.ts'
import { releaseLease } from './sql/release-lease.ts'
import { tryHold } from './sql/try-hold.ts'

export type LeasesOptions = Readonly<{
  connectionString: string
  /** Leases of different namespaces do not meet. */
  namespace: string
  /** How long a dead connection may go unnoticed while leases are held. Default 2 000. */
  heartbeatIntervalMs?: number
}>

export interface ClosableLeases extends Leases, AsyncDisposable {
  /** Ends the session, and with it every lease. */
  close(): Promise<void>
}

export function createLeases({ connectionString, namespace, heartbeatIntervalMs = 2_000 }: LeasesOptions): ClosableLeases {
  let opening: Promise<Session> | undefined
  // The server grants a lock again to the session that holds it, so who holds what in this process is ours to know.
  const held = new Set<string>()
  const closing = new AbortController()

  const session = async (): Promise<Session> => {
    closing.signal.throwIfAborted()
    const current = await opening?.catch(() => undefined)
    if (current && !current.lost.aborted) return current
    opening = open()
    return opening
  }

  const open = async (): Promise<Session> => {
    const opened = await openSession({ connectionString, namespace, purpose: 'leases', settings: KEEP_ALIVE })
    opened.lost.addEventListener('abort', () => held.clear(), { once: true })
    void heartbeat(opened)
    return opened
  }

  /** A line that is cut without a word would leave us believing in leases that the server gave to others. */
  const heartbeat = async (watched: Session): Promise<void> => {
    while (!watched.lost.aborted) {
      await sleep(heartbeatIntervalMs, undefined, { signal: watched.lost }).catch(() => undefined)
      if (watched.lost.aborted) return
      const tooLate = setTimeout(() => watched.destroy(), heartbeatIntervalMs)
      await watched.client.query('select').catch(() => watched.destroy())
      clearTimeout(tooLate)
    }
  }

  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return
    closing.abort(new Error('the leases were closed'))
    const current = await opening?.catch(() => undefined)
    await current?.end()
    // Also when the server does not answer any more.
    current?.destroy()
  }

  return {
    async tryHold(name) {
      if (held.has(name)) return undefined
      held.add(name)
      try {
        const owner = await session()
        // The session may have been replaced meanwhile, which emptied the set.
        held.add(name)
        if (await one(owner.client, tryHold(keyOf(namespace, name)))) return lease(name, owner)
        held.delete(name)
        return undefined
      } catch (error) {
        held.delete(name)
        throw error
      }
    },

    async isHeld(name) {
      return one((await session()).client, isHeld(keyOf(namespace, name)))
    },

    close,
    [Symbol.asyncDispose]: close,
  }

  function lease(name: string, owner: Session): Lease {
    let released = false
    return {
      name,
      lost: owner.lost,
      async [Symbol.asyncDispose]() {
        if (released || owner.lost.aborted) return
        released = true
        // A session that cannot let go of a lock must end, or the lease would be held for ever.
        await one(owner.client, releaseLease(keyOf(namespace, name))).catch(() => owner.destroy())
        held.delete(name)
      },
    }
  }
}

/** The server, too, should notice a holder whose machine is gone. On a unix socket these have no effect and need none. */
const KEEP_ALIVE = { tcp_keepalives_idle: '5', tcp_keepalives_interval: '2', tcp_keepalives_count: '3' }

const keyOf = (namespace: string, name: string): string => `lease ${namespace} ${name}`

async function one(client: pg.Client, query: pg.QueryConfig<unknown[]>): Promise<boolean> {
  const { rows } = await client.query<{ answer: boolean }>(query)
  return rows[0]?.answer === true
}
