/**
 * Answers to health probes in a table of their own, written in batches and kept for a week. Taking a sample waits for nothing and never throws;
 * while the database is away the newest ones wait in bounded memory, and what has no room is counted and logged. What is
 * past its week goes with the daily clean-up.
 */
import { type Kysely, sql } from 'kysely'
import { type Instant, instant, later } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { ExpiringRows } from '../../domain/ports/expiring-rows.ts'
import { HEALTH_SAMPLE_RETENTION_DAYS, type HealthSample, type HealthSamples } from '../../domain/ports/health-samples.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { protect } from '../../domain/protected.ts'
import type { DatabaseSchema } from './schema.ts'

export type HealthSamplesOptions = Readonly<{ db: Kysely<DatabaseSchema>; clock: Clock; logger: Logger }>

export interface KeptHealthSamples extends HealthSamples, ExpiringRows {
  /** Writes until the signal aborts, then writes what is left. */
  run(signal: AbortSignal): Promise<void>
}

const FLUSH_EVERY_MS = 2_000
const ROWS_AT_ONCE = 5_000
const MOST_WAITING = 10_000
const SAYS_LIMIT = 500
const DAY_MS = 86_400_000

export function createHealthSamples({ db, clock, logger }: HealthSamplesOptions): KeptHealthSamples {
  let waiting: HealthSample[] = []
  let lost = 0

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, ROWS_AT_ONCE)
      await insert(batch)
      // Those that were pushed out meanwhile stood at the front.
      const written = new Set(batch)
      waiting = waiting.filter((sample) => !written.has(sample))
    }
    if (lost > 0) logger.warn({ lost }, 'health samples were dropped while the database was away')
    lost = 0
  }

  /** One value for the whole batch: to write down a place for each of its values costs more than the rows. */
  async function insert(batch: readonly HealthSample[]): Promise<void> {
    await sql`
      insert into server_health_samples (server_id, run_id, at, live, ready, capable, response_ms, says)
      select server_id, run_id, at, live, ready, capable, response_ms, says
      from json_to_recordset(${JSON.stringify(batch.map(rowOf))}::json) as sample (
        server_id text, run_id text, at timestamptz, live boolean, ready boolean, capable boolean, response_ms double precision, says text
      )`.execute(db)
  }

  return {
    record(sample) {
      waiting.push(sample)
      if (waiting.length <= MOST_WAITING) return
      waiting.shift()
      lost += 1
    },
    async latest(serverId, { limit, from, until }) {
      const rows = await db
        .selectFrom('server_health_samples')
        .selectAll()
        .where('server_id', '=', serverId)
        .$if(from !== undefined, (query) => query.where('at', '>=', sql<Date>`${from}::timestamptz`))
        .$if(until !== undefined, (query) => query.where('at', '<', sql<Date>`${until}::timestamptz`))
        .orderBy('at', 'desc')
        .limit(limit)
        .execute()
      return rows.map(({ server_id, run_id, at, live, ready, capable, response_ms, says }) => ({
        serverId: server_id,
        runId: run_id,
        at: instantOf(at),
        facts: { live, ready, capable, ...(response_ms === null ? {} : { responseMs: response_ms }), ...(says === null ? {} : { says }) },
      }))
    },
    async dropExpired(asOf, signal) {
      const until = later(asOf, -HEALTH_SAMPLE_RETENTION_DAYS * DAY_MS)
      let dropped = 0
      for (let rows = ROWS_AT_ONCE; rows === ROWS_AT_ONCE; dropped += rows) {
        signal.throwIfAborted()
        const { numAffectedRows = 0n } = await sql`
          delete from server_health_samples
          where ctid = any(array(select ctid from server_health_samples where at < ${until}::timestamptz limit ${ROWS_AT_ONCE}))`.execute(
          db,
        )
        rows = Number(numAffectedRows)
      }
      return { 'health-samples': dropped }
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(FLUSH_EVERY_MS, signal).catch(() => undefined)
        try {
          await write()
        } catch (error) {
          // They wait, and are tried again.
          logger.debug({ error, waiting: waiting.length }, 'health samples could not be written')
        }
      }
    },
  }
}

function rowOf({ serverId, runId, at, facts }: HealthSample) {
  const { live, ready, capable, responseMs = null, says } = facts
  return {
    server_id: serverId,
    run_id: runId,
    at,
    live,
    ready,
    capable,
    response_ms: responseMs,
    says: says === undefined ? null : textOf(says),
  }
}

/** Text of a server: secrets taken out, and what PostgreSQL has no room for. */
const textOf = (says: string): string => protect(says, SAYS_LIMIT).text.toWellFormed().replaceAll('\0', '\ufffd')

const instantOf = (at: Date | string): Instant => instant(new Date(at).toISOString())
