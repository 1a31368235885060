/** Which targets are to be watched, as the read models know it: those that are registered, on hosts that are. */
import { sql } from 'kysely'
import type { HostRegistration } from '../domain/host/events.ts'
import type { Roster } from '../domain/ports/roster.ts'
import type { TargetRegistration } from '../domain/target/events.ts'
import { decodeRow } from './columns.ts'
import type { Database } from './database.ts'
import { type HostRow, hosts } from './hosts.ts'
import type { Row } from './projection.ts'
import { type TargetRow, targets } from './targets.ts'

export const createRoster = (database: Database): Roster => ({
  async watched() {
    const { rows } = await sql<{ target: Row; host: Row }>`
      select to_jsonb(targets) as target, to_jsonb(hosts) as host
      from targets join hosts on hosts.host_id = targets.host_id
      where targets.state = 'registered' and hosts.state = 'registered'
      order by targets.target_id`.execute(database)
    return rows.map(({ target, host }) => {
      // Written from rows of these types, through the same columns.
      const targetRow = decodeRow(targets.columns, target) as TargetRow
      return {
        target: targetRegistration(targetRow),
        host: hostRegistration(decodeRow(hosts.columns, host) as HostRow),
        paused: targetRow.paused,
      }
    })
  },
})

function targetRegistration(row: TargetRow): TargetRegistration {
  const { targetId, name, hostId, service, logPaths, configPaths, stateDir, connection, mode, registeredBy, registeredAt } = row
  const how = connection === null ? {} : { connection }
  return { targetId, name, hostId, service, logPaths, configPaths, stateDir, ...how, mode, by: registeredBy, at: registeredAt }
}

function hostRegistration(row: HostRow): HostRegistration {
  const { hostId, name, address, port, username, privateKey, hostKey, hostKeyFingerprint, registeredBy, registeredAt } = row
  return {
    hostId,
    name,
    address,
    port,
    username,
    privateKey,
    hostKey: { key: hostKey, fingerprint: hostKeyFingerprint },
    by: registeredBy,
    at: registeredAt,
  }
}
