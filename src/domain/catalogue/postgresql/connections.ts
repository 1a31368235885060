/** How many connection slots are left for ordinary roles. Read by an action, a poll and the wellness probe; the statement is one. */
import { z } from 'zod'
import type { Program } from '../program.ts'

export const connectionFacts = {
  maxConnections: z.int().min(1),
  /** Kept back for superusers, and since PostgreSQL 16 for roles with pg_use_reserved_connections. */
  reserved: z.int().min(0),
  used: z.int().min(0),
  /** False: this role sees only its own sessions in full, so the count proves nothing. Grant pg_monitor. */
  visible: z.boolean(),
}

export type ConnectionFacts = Readonly<{ maxConnections: number; reserved: number; used: number; visible: boolean }>

/** Columns of the count; `activity` is never joined here, so walsenders and workers, which have slots of their own, are left out by type. */
export const CONNECTION_COLUMNS = `current_setting('max_connections')::int as "maxConnections",
    (current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0)) as reserved,
    (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
    (select bool_and(backend_type is not null) from pg_stat_activity) as visible`

export const readConnections: Program = { kind: 'sql', text: `select ${CONNECTION_COLUMNS}`, values: [] }

export const freeSlots = ({ maxConnections, reserved, used }: ConnectionFacts): number => maxConnections - reserved - used

export const isExhausted = (facts: ConnectionFacts): boolean => freeSlots(facts) <= 0
