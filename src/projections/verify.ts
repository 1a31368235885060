/**
 * Proves that a read model is what the log says: builds it anew to the same position and compares row by row, in one statement, so that
 * nothing can move in between.
 */
import { sql } from 'kysely'
import { later } from '../domain/instant.ts'
import type { Position } from '../domain/ports/event-store.ts'
import type { Retention } from '../domain/usage/retention.ts'
import { type BuildOptions, catchUp } from './build-aside.ts'
import { beginComparison, dropBuild } from './builds.ts'
import { holdLive, liveCheckpoint, releaseLive } from './checkpoints.ts'
import { snake } from './columns.ts'
import type { Database } from './database.ts'
import { type ExpiryMoment, keptAt } from './expiry.ts'
import type { ReadModel, Row } from './projection.ts'
import { asideName, columnList } from './tables.ts'

export type VerifyOptions = Omit<BuildOptions, 'build' | 'until'> & Readonly<{ retention: Retention }>

export type Verified = Readonly<{
  projection: string
  equal: boolean
  /** Both were compared as they are here. */
  position: string
  rows: number
  /** How many rows differ; the first of them are in `differences`. */
  different: number
  differences: readonly Difference[]
}>

/** Null: there is no such row on that side. Columns in snake case, as they are in the table. */
export type Difference = Readonly<{ key: string; live: Row | null; rebuilt: Row | null }>

const HOLD_MS = 5_000
const SHOWN_DIFFERENCES = 10
/** What expires so soon may be gone from one table and not from the other, whatever clock the clearing instance has. */
const CLEARED_MEANWHILE_MS = 3_600_000

/** @throws CannotVerify the live one is of another version. @throws BuildPoisoned */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const { database, model } = options
  const live = await liveCheckpoint(database, model.name)
  if (live?.version !== model.version) throw new CannotVerify({ projection: model.name, version: model.version, live: live?.version })
  const { build } = await beginComparison(database, model)
  try {
    await catchUp({ ...options, build, until: live.position })
    for (;;) {
      const held = await holdLive(database, model.name, HOLD_MS)
      if (held) await catchUp({ ...options, build, until: held.position })
      const moment = { now: later(options.clock.now(), CLEARED_MEANWHILE_MS), retention: options.retention }
      const verified = held && (await compare(database, model, { build, position: held.position, moment }))
      if (verified) return verified
      options.signal.throwIfAborted()
    }
  } finally {
    await releaseLive(database, model.name)
    await dropBuild(database, model, build)
  }
}

/** Undefined: the live one was not where the other is. */
async function compare(
  database: Database,
  model: ReadModel,
  { build, position, moment }: { build: number; position: Position; moment: ExpiryMoment },
): Promise<Verified | undefined> {
  const key = sql.ref(snake(model.primaryKey))
  const columns = columnList(model)
  const [live, aside] = [sql.table(model.table), sql.table(asideName(model, build))]
  const kept = keptAt(model, moment)
  const { rows } = await sql<Comparison>`
    with live as (select ${columns} from ${live} where ${kept} except select ${columns} from ${aside}),
      rebuilt as (select ${columns} from ${aside} where ${kept} except select ${columns} from ${live}),
      differences as (
        select coalesce(live.${key}, rebuilt.${key})::text as key, to_jsonb(live) as live, to_jsonb(rebuilt) as rebuilt
        from live full join rebuilt on live.${key} = rebuilt.${key}
      )
    select
      (select position from projection_checkpoints where name = ${model.name} and stage = 'live') as position,
      (select count(*) from ${live}) as rows,
      (select count(*) from differences) as different,
      (select coalesce(jsonb_agg(first), '[]') from (select * from differences order by key limit ${SHOWN_DIFFERENCES}) first) as differences
    `.execute(database)
  const [row] = rows
  if (!row || BigInt(row.position ?? -1) !== position) return undefined
  const different = Number(row.different)
  return {
    projection: model.name,
    equal: different === 0,
    position: position.toString(),
    rows: Number(row.rows),
    different,
    differences: row.differences,
  }
}

type Comparison = Readonly<{ position: string | null; rows: string; different: string; differences: readonly Difference[] }>

export class CannotVerify extends Error {
  override readonly name = 'CannotVerify'
  readonly projection: string
  constructor(facts: { projection: string; version: number; live: number | undefined }) {
    super(`the live table of ${facts.projection} is of version ${facts.live ?? 'none'}, and this program's is ${facts.version}`)
    this.projection = facts.projection
  }
}
