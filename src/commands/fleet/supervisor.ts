/**
 * The only one that starts and stops servers. One instance of Steward supervises at a time, held by a lease; people, schedules and fixes only say
 * what they want, in the log, and the supervisor makes it so. Servers end with it: none outlives the Steward that started it.
 */
import type { Position } from '../../domain/ports/event-store.ts'
import type { Lease } from '../../domain/ports/leases.ts'
import { serverEventTypes } from '../../domain/server/events.ts'
import { createManagedServer, type ManagedServer } from './managed-server.ts'
import type { Supervision } from './supervision.ts'

export interface Supervisor {
  /** Supervises until the signal aborts; then every server has ended. */
  run(signal: AbortSignal): Promise<void>
  /** Undefined: there is none of that id, or another instance supervises. */
  server(serverId: string): ManagedServer | undefined
  byName(name: string): ManagedServer | undefined
  all(): readonly ManagedServer[]
  /** Whether this instance is the one that supervises. */
  supervises(): boolean
}

/** How often an instance that does not supervise tries to take over. */
const TAKE_OVER_EVERY_MS = 1_000

export function createSupervisor(options: Supervision): Supervisor {
  const { leases, clock, logger } = options
  const managed = new Map<string, ManagedServer>()
  let supervises = false

  return {
    server: (serverId) => managed.get(serverId),
    byName: (name) => [...managed.values()].find(({ state }) => state?.name === name),
    all: () => [...managed.values()],
    supervises: () => supervises,
    async run(signal) {
      while (!signal.aborted) {
        const lease = await leases.tryHold('fleet-supervisor')
        if (lease) {
          await using held = lease
          await superviseWhileHeld(held, signal)
        } else {
          await clock.sleep(TAKE_OVER_EVERY_MS, signal).catch(() => undefined)
        }
      }
    },
  }

  async function superviseWhileHeld(lease: Lease, signal: AbortSignal): Promise<void> {
    const { processes, roster } = options
    const until = AbortSignal.any([signal, lease.lost])
    try {
      const swept = await processes.sweep()
      if (swept > 0) logger.warn({ swept }, 'took down what a Steward that died had left behind')
      supervises = true
      const { serverIds, position } = await roster.servers()
      for (const serverId of serverIds) manage(serverId)
      await follow(position, until)
    } catch (error) {
      if (!until.aborted) throw error
    } finally {
      supervises = false
      await Promise.all([...managed.values()].map((server) => server.close()))
      managed.clear()
      if (lease.lost.aborted)
        logger.warn({}, 'the session with the database ended; all servers were stopped, another instance may supervise')
    }
  }

  function manage(serverId: string): ManagedServer {
    const known = managed.get(serverId)
    const server = known ?? createManagedServer(serverId, options)
    if (!known) managed.set(serverId, server)
    server.look()
    return server
  }

  /** Whatever is recorded of a server may change what is wanted of it. */
  async function follow(after: Position | undefined, signal: AbortSignal): Promise<void> {
    const { log } = options
    const from = after === undefined ? {} : { after }
    for await (const item of log.store.subscribe({ ...from, types: serverEventTypes, signal })) {
      if ('checkpoint' in item) continue
      const serverId = item.stream.slice('server-'.length)
      await manage(serverId).looked()
      if (item.type.startsWith('Tool') || item.type === 'InstructionsApproved') options.changed?.(serverId)
    }
  }
}
