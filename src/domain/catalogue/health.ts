/**
 * One wellness probe per service: what the world sees of it, coarser than the probes of the actions. Used for health, for visibility, and for
 * "no probe worse than before" after a rollback. Undefined output proves nothing: `unknown`.
 */
import { z } from 'zod'
import type { JsonObject } from '../ports/json.ts'
import { count, lines } from './common/text-facts.ts'
import { DEFAULT_NGINX_PID_FILE, type NginxSettings, type TargetInventory } from './inventory.ts'
import { CONNECTION_COLUMNS, connectionFacts, isExhausted } from './postgresql/connections.ts'
import { row } from './postgresql/sessions.ts'
import type { Output, Program } from './program.ts'
import { parseInfo, readInfo } from './redis/info.ts'
import { isFull, parseMemory } from './redis/memory.ts'
import { look, readLook } from './server/look.ts'

export type HealthLevel = 'up' | 'degraded' | 'down' | 'unknown'
/** `tended`: the supervisor of a managed server is at work on it, and what it makes of it is to be waited for. */
export type Health = Readonly<{ level: HealthLevel; facts: JsonObject; tended?: boolean }>
export type HealthProbe = Readonly<{ run: Program; read: (output: Output) => Health }>

/** Undefined: nothing says how to reach the service. A driver that is refused while the host answers means `down`; that is the caller's to say. */
export function healthProbe({ service, connection }: TargetInventory): HealthProbe | undefined {
  if (service === 'nginx') return nginxHealth(connection?.kind === 'nginx' ? connection : { kind: 'nginx' })
  if (service === 'postgresql' && connection?.kind === 'postgresql') return postgresqlHealth
  if (service === 'redis' && connection?.kind === 'redis') return redisHealth
  if (service === 'server') return serverHealth
  return undefined
}

const order: readonly HealthLevel[] = ['up', 'degraded', 'down']

/** Unknown is not worse than anything, and nothing is worse than unknown: it proves neither. */
export const isWorseHealth = (now: HealthLevel, before: HealthLevel): boolean =>
  now !== 'unknown' && before !== 'unknown' && order.indexOf(now) > order.indexOf(before)

const unknown: Health = { level: 'unknown', facts: {} }

function nginxHealth({ pidFile = DEFAULT_NGINX_PID_FILE, url }: NginxSettings): HealthProbe {
  const page = url === undefined ? undefined : new URL(url)
  const where =
    page === undefined ? ['', '', ''] : [page.hostname.replace(/^\[(.*)\]$/, '$1'), page.port || '80', `${page.pathname}${page.search}`]
  return {
    run: { kind: 'script', script: 'nginx/read-health.sh', args: [pidFile, ...where] },
    read(output) {
      const line = lines(output)?.[0]
      const [master, workers, status] = [line?.get('master'), count(line, 'workers'), line?.get('status')]
      if (master === undefined || workers === undefined || status === undefined) return unknown
      const answers = status === 'not-asked' || (/^\d{3}$/.test(status) && Number(status) < 500)
      const level = master !== 'alive' || workers === 0 ? 'down' : answers ? 'up' : status === 'none' ? 'down' : 'degraded'
      return { level, facts: { master, workers, status } }
    },
  }
}

const databaseFacts = z.strictObject({ ...connectionFacts, waiting: z.int().min(0), readOnly: z.boolean() })

const postgresqlHealth: HealthProbe = {
  run: {
    kind: 'sql',
    text: `select ${CONNECTION_COLUMNS},
    (select count(*)::int from pg_stat_activity where wait_event_type = 'Lock') as waiting,
    pg_is_in_recovery() as "readOnly"`,
    values: [],
  },
  read(output) {
    const facts = row(output, databaseFacts)
    if (facts === undefined) return unknown
    return { level: isExhausted(facts) ? 'degraded' : 'up', facts }
  },
}

const redisHealth: HealthProbe = {
  run: readInfo,
  read(output) {
    const [info, memory] = [parseInfo(output), parseMemory(output)]
    if (info === undefined || memory === undefined) return unknown
    const said = Object.fromEntries(
      ['loading', 'rdb_last_bgsave_status', 'aof_last_write_status', 'master_link_status'].flatMap((field) => {
        const value = info.get(field)
        return value === undefined ? [] : [[field, value]]
      }),
    )
    const well =
      said['loading'] !== '1' &&
      said['rdb_last_bgsave_status'] !== 'err' &&
      said['aof_last_write_status'] !== 'err' &&
      said['master_link_status'] !== 'down' &&
      !(isFull(memory) && memory.refusals > 0)
    return { level: well ? 'up' : 'degraded', facts: { ...said, usedBytes: memory.usedBytes, maxmemoryBytes: memory.maxmemoryBytes } }
  },
}

const serverHealth: HealthProbe = {
  run: look(),
  read(output) {
    const seen = readLook(output)
    if (seen === undefined) return unknown
    const { lifecycle, intent, supervisor, because, lists } = seen
    const level = lists === 'yes' ? 'up' : lists === 'no' ? 'degraded' : supervisor === 'acting' ? 'unknown' : 'down'
    return { level, facts: { lifecycle, intent, supervisor, because, lists }, tended: supervisor === 'acting' }
  },
}
