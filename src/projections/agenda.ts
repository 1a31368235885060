/** What waits to be done, from the read models: a hint where to look. The streams decide. */
import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Agenda } from '../domain/ports/agenda.ts'
import { decodeRow } from './columns.ts'
import type { Database } from './database.ts'
import { type DueTimerRow, dueTimers } from './due-timers.ts'
import type { MemoryProjections } from './memory-projections.ts'
import { type OpenCommandRow, openCommands } from './open-commands.ts'
import { type OpenEffectRow, openEffects } from './open-effects.ts'
import type { ReadModel, Row } from './projection.ts'
import { columnList } from './tables.ts'

export function createAgenda(database: Database): Agenda {
  const rowsOf = async <R extends Row>(model: ReadModel<string, R>, rest: ReturnType<typeof sql>): Promise<R[]> => {
    const { rows } = await sql<Row>`select ${columnList(model)} from ${sql.table(model.table)} ${rest}`.execute(database)
    // Written from rows of this type, through the same columns.
    return rows.map((row) => decodeRow(model.columns, row) as R)
  }
  return {
    async openEffects(limit) {
      return (await rowsOf(openEffects, sql`order by position limit ${limit}`)).map(openEffectOf)
    },
    async dueTimers(now, limit) {
      return (await rowsOf(dueTimers, sql`where due_at <= ${now} order by due_at, timer_id limit ${limit}`)).map(dueTimerOf)
    },
    async openCommands(receivedBefore, limit) {
      const rest = sql`where received_at < ${receivedBefore} order by received_at, command_id limit ${limit}`
      return (await rowsOf(openCommands, rest)).map(({ commandId }) => commandId)
    },
  }
}

/** The same over read models in memory. */
export function createMemoryAgenda(
  projections: MemoryProjections<readonly [typeof openEffects, typeof dueTimers, typeof openCommands]>,
): Agenda {
  return {
    async openEffects(limit) {
      const oldestFirst = projections.rows('open-effects').toSorted((a, b) => (a.position < b.position ? -1 : 1))
      return oldestFirst.slice(0, limit).map(openEffectOf)
    },
    async dueTimers(now, limit) {
      const due = projections.rows('due-timers').filter(({ dueAt }) => dueAt <= now)
      return due
        .toSorted(by(({ dueAt, timerId }) => `${dueAt} ${timerId}`))
        .slice(0, limit)
        .map(dueTimerOf)
    },
    async openCommands(receivedBefore: Instant, limit) {
      const old = projections.rows('open-commands').filter(({ receivedAt }) => receivedAt < receivedBefore)
      const oldestFirst = old.toSorted(by<OpenCommandRow>(({ receivedAt, commandId }) => `${receivedAt} ${commandId}`))
      return oldestFirst.slice(0, limit).map(({ commandId }) => commandId)
    },
  }
}

const openEffectOf = ({ effectId, process, instance, kind, runnerId, deadlineAt }: OpenEffectRow) => ({
  effectId,
  process,
  instance,
  kind,
  runnerId: runnerId ?? undefined,
  deadlineAt: deadlineAt ?? undefined,
})

const dueTimerOf = ({ timerId, process, instance, name, dueAt }: DueTimerRow) => ({ timerId, process, instance, name, dueAt })

const by =
  <Item>(key: (item: Item) => string) =>
  (a: Item, b: Item): number =>
    key(a) < key(b) ? -1 : 1
