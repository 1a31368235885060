/**
 * The only one that starts and stops servers. One instance of Steward supervises at a time, held by a lease; people, schedules and fixes only say
 * what they want, in the log, and the supervisor makes it so. Servers end with it: none outlives the Steward that started it.
 */
import { later } from '../../domain/instant.ts'
import type { Position } from '../../domain/ports/event-store.ts'
import type { Lease } from '../../domain/ports/leases.ts'
import { serverEventTypes } from '../../domain/server/events.ts'
import { createManagedServer, type ManagedServer } from './managed-server.ts'
import type { Held, Supervision } from './supervision.ts'

export interface Supervisor {
  /** Supervises until the signal aborts; then every server has ended. */
  run(signal: AbortSignal): Promise<void>
  /** Undefined: there is none of that id, or another instance supervises. */
  server(serverId: string): ManagedServer | undefined
  byName(name: string): ManagedServer | undefined
  all(): readonly ManagedServer[]
  /** Whether this instance is the one that supervises. */
  supervises(): boolean
  /** Resolves when what is recorded of a server by now is known here. */
  seen(serverId: string): Promise<void>
}

/** How often an instance that does not supervise tries to take over, and how long one that failed waits. */
const TAKE_OVER_EVERY_MS = 1_000

/** For servers to end by themselves when Steward stops, whatever patience they are configured with: it has ten seconds for everything. */
const CLOSE_GRACE_MS = 3_000
/** When the lease is lost, another instance may be waiting to start them. */
const LOST_GRACE_MS = 500

/**
 * From the moment another instance can take the lease until one that lost it has nothing running any more: it hears of the loss within two
 * heartbeats of its session (4 s), has LOST_GRACE_MS for its servers, and the rest is for a machine that is slow.
 */
const HANDOVER_MS = 10_000

export function createSupervisor(options: Supervision): Supervisor {
  const { leases, clock, logger, ids, processes, roster } = options
  const supervisorId = `${processes.place}.${ids.fresh()}`
  const isHere = (other: string): boolean => other.startsWith(`${processes.place}.`)
  const managed = new Map<string, ManagedServer>()
  let supervises = false

  return {
    server: (serverId) => managed.get(serverId),
    byName(name) {
      // On the way of every call: no list is made for it.
      for (const server of managed.values()) if (server.state?.name === name) return server
      return undefined
    },
    all: () => [...managed.values()],
    supervises: () => supervises,
    async seen(serverId) {
      const server = managed.get(serverId)
      server?.look()
      await server?.looked()
    },
    async run(signal) {
      while (!signal.aborted) {
        const lease = await leases.tryHold('fleet-supervisor').catch((error: unknown) => {
          logger.warn({ error }, 'whether another instance supervises could not be found out')
          return undefined
        })
        if (lease) {
          await using held = lease
          await superviseWhileHeld(held, signal).catch((error: unknown) => {
            logger.error({ error }, 'the fleet could not be supervised; it is tried again')
          })
        }
        if (!signal.aborted) await clock.sleep(TAKE_OVER_EVERY_MS, signal).catch(() => undefined)
      }
    },
  }

  async function superviseWhileHeld(lease: Lease, signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, lease.lost])
    const held: Held = { ...options, supervisorId, isHere, othersGoneAt: later(clock.now(), HANDOVER_MS) }
    try {
      const swept = await processes.sweep()
      if (swept > 0) logger.warn({ swept }, 'took down what a Steward that died had left behind')
      supervises = true
      const { serverIds, position } = await roster.servers()
      for (const serverId of serverIds) manage(serverId, held)
      await follow(position, held, until)
    } catch (error) {
      if (!until.aborted) throw error
    } finally {
      supervises = false
      await Promise.all([...managed.values()].map((server) => server.close(lease.lost.aborted ? LOST_GRACE_MS : CLOSE_GRACE_MS)))
      managed.clear()
      if (lease.lost.aborted)
        logger.warn({}, 'the session with the database ended; all servers were stopped, another instance may supervise')
    }
  }

  function manage(serverId: string, held: Held): ManagedServer {
    const known = managed.get(serverId)
    const server = known ?? createManagedServer(serverId, held)
    if (!known) managed.set(serverId, server)
    server.look()
    return server
  }

  /** Servers come and go for as long as Steward runs; one that is restored is managed anew. */
  function forgetRetired(): void {
    for (const [serverId, server] of managed) {
      if (!server.gone) continue
      managed.delete(serverId)
      // Nothing of it is left to end; from now on it takes no step any more.
      void server.close(0)
    }
  }

  /** Whatever is recorded of a server may change what is wanted of it. */
  async function follow(after: Position | undefined, held: Held, signal: AbortSignal): Promise<void> {
    const { log } = options
    const from = after === undefined ? {} : { after }
    for await (const item of log.store.subscribe({ ...from, types: serverEventTypes, signal })) {
      if ('checkpoint' in item) continue
      const serverId = item.stream.slice('server-'.length)
      if (item.type === 'ServerRegistered') forgetRetired()
      // An outage may last longer than the lease: then the servers have to go at once.
      await orAborted(manage(serverId, held).looked(), signal)
      if (item.type.startsWith('Tool') || item.type === 'InstructionsApproved') options.changed?.(serverId)
      if (item.type === 'ServerRetired') options.retired?.(serverId)
    }
  }
}

/** Waits for the work, or until the signal aborts; of the signal nothing is kept, which outlives many works. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const aborted = Promise.withResolvers<void>()
  const abort = (): void => aborted.resolve()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
