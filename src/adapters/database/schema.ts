/** The tables that migrations make, as Kysely sees them. Tables of projections belong to the projections and are not listed here. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely'
import type { LogCursor } from '../../domain/ports/remote-host.ts'

/** 64-bit: comes as text, goes in as bigint. */
type Big = ColumnType<string, bigint, bigint>

export interface DatabaseSchema {
  projection_checkpoints: { name: string; build: number; version: number; position: Big }
  process_checkpoints: { name: string; position: ColumnType<string | null, bigint | null, bigint> }
  log_cursors: { target_id: string; path: string; cursor: JSONColumnType<LogCursor>; saved_at: Generated<Date> }
  server_health_samples: {
    server_id: string
    run_id: string
    at: ColumnType<Date, never, never>
    live: boolean
    ready: boolean
    capable: boolean
    response_ms: number | null
    says: string | null
  }
  log_identity: { singleton: Generated<boolean>; log_id: string }
}
