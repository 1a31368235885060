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
  let opening: Promise<Holder> | undefined
  const closing = new AbortController()

  /** The one session, opened anew when it was lost. */
  const holder = async (): Promise<Holder> => {
    for (;;) {
      closing.signal.throwIfAborted()
      opening ??= open()
      const attempt = opening
      const current = await attempt.catch((error: unknown) => {
        if (opening === attempt) opening = undefined
        throw error
      })
      if (!current.session.lost.aborted) return current
      if (opening === attempt) opening = undefined
    }
  }

  const open = async (): Promise<Holder> => {
    const session = await openSession({ connectionString, namespace, purpose: 'leases', settings: KEEP_ALIVE })
    const ask = oneAfterAnother(session.client)
    void heartbeat(session, ask)
    return { session, names: new Set(), ask }
  }

  /** A line that is cut without a word would leave us believing in leases that the server gave to others. */
  const heartbeat = async (watched: Session, ask: Ask): Promise<void> => {
    while (!watched.lost.aborted) {
      await sleep(heartbeatIntervalMs, undefined, { signal: watched.lost }).catch(() => undefined)
      if (watched.lost.aborted) return
      const tooLate = setTimeout(() => watched.destroy(), heartbeatIntervalMs)
      await ask({ text: 'select true as answer', values: [] }).catch(() => watched.destroy())
      clearTimeout(tooLate)
    }
  }

  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return
    closing.abort(new Error('the leases were closed'))
    const current = await opening?.catch(() => undefined)
    await current?.session.end()
  }

  return {
    async tryHold(name) {
      const { session, names, ask } = await holder()
      if (names.has(name)) return undefined
      names.add(name)
      const granted = await ask(tryHold(keyOf(namespace, name))).catch((error: unknown) => {
        names.delete(name)
        throw error
      })
      if (granted) return lease(name, { session, names, ask })
      names.delete(name)
      return undefined
    },

    async isHeld(name) {
      const { ask } = await holder()
      return ask(isHeld(keyOf(namespace, name)))
    },

    close,
    [Symbol.asyncDispose]: close,
  }

  function lease(name: string, { session, names, ask }: Holder): Lease {
    let released = false
    return {
      name,
      lost: session.lost,
      async [Symbol.asyncDispose]() {
        if (released || session.lost.aborted) return
        released = true
        // A session that cannot let go of a lock must end, or the lease would be held for ever.
        await ask(releaseLease(keyOf(namespace, name))).catch(() => session.destroy())
        names.delete(name)
      },
    }
  }
}

/** The server grants a lock again to the session that has it, so which names it has is ours to know. */
type Holder = Readonly<{ session: Session; names: Set<string>; ask: Ask }>
type Ask = (query: pg.QueryConfig<unknown[]>) => Promise<boolean>

/** The server, too, should notice a holder whose machine is gone. On a unix socket these have no effect and need none. */
const KEEP_ALIVE = { tcp_keepalives_idle: '5', tcp_keepalives_interval: '2', tcp_keepalives_count: '3' }

const keyOf = (namespace: string, name: string): string => `lease ${namespace} ${name}`

/** A connection answers one question at a time; several callers share this one. */
function oneAfterAnother(client: pg.Client): Ask {
  let before: Promise<unknown> = Promise.resolve()
  return (query) => {
    const answer = before.then(async () => {
      const { rows } = await client.query<{ answer: boolean }>(query)
      return rows[0]?.answer === true
    })
    before = answer.catch(() => undefined)
    return answer
  }
}
