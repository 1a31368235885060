/** The logins to the services behind one host, one per connection, shared by all who ask and used by one at a time. */
import type { ServiceConnection } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import type { Slots } from '../../domain/slots.ts'
import { createSlots } from '../../domain/slots.ts'
import type { Connection } from './connection.ts'
import { openPostgresqlSession } from './postgresql-session.ts'
import { openRedisSession } from './redis-session.ts'
import type { ServiceSession } from './service-session.ts'
import type { Tuning } from './tuning.ts'

export type ServiceSessions = Readonly<{
  /**
   * Runs `work` with the one login of this connection, alone.
   * @throws HostUnreachable @throws ServiceRefused
   */
  use<T>(
    to: ServiceConnection,
    options: { timeoutMs: number; signal?: AbortSignal | undefined },
    work: (session: ServiceSession) => Promise<T>,
  ): Promise<T>
  close(): Promise<void>
}>

/** A login that was used so recently is not asked whether it is alive. */
const TRUSTED_MS = 1_000

export function createServiceSessions(connection: Connection, { secrets, tuning }: { secrets: Secrets; tuning: Tuning }): ServiceSessions {
  const doors = new Map<string, { slots: Slots; session?: ServiceSession; usedAtMs: number }>()

  return {
    async use(to, { timeoutMs, signal }, work) {
      const key = JSON.stringify(to)
      const door = doors.get(key) ?? { slots: createSlots(1), usedAtMs: 0 }
      doors.set(key, door)
      const release = await door.slots.take(signal)
      try {
        // A login is never waited for longer than the program itself may take.
        const deadline = AbortSignal.timeout(Math.min(timeoutMs, tuning.connectTimeoutMs))
        const patience = signal === undefined ? deadline : AbortSignal.any([deadline, signal])
        const idleMs = performance.now() - door.usedAtMs
        if (door.session !== undefined && idleMs > TRUSTED_MS && !(await door.session.isAlive(patience))) await door.session.close()
        signal?.throwIfAborted()
        if (door.session === undefined || door.session.ended.aborted) door.session = await open(to, patience)
        return await work(door.session)
      } finally {
        door.usedAtMs = performance.now()
        release()
      }
    },
    async close() {
      await Promise.all([...doors.values()].map(({ session }) => session?.close()))
      doors.clear()
    },
  }

  function open(to: ServiceConnection, signal: AbortSignal): Promise<ServiceSession> {
    const tunnel = () => connection.openTunnel(to.at, signal)
    return to.kind === 'postgresql'
      ? openPostgresqlSession(to, { tunnel, secrets, tuning, signal, hostId: connection.hostId })
      : openRedisSession(to, { tunnel, secrets, tuning, signal, hostId: connection.hostId })
  }
}
