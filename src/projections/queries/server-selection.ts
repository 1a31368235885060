/** The servers that an operation is to be about: those of a list of ids, or those that fit a filter, by name. One statement, so one moment. */
import { sql } from 'kysely'
import type { OperationItem } from '../../domain/operation/events.ts'
import type { Row } from '../projection.ts'
import { servers } from '../servers.ts'
import type { QueryContext } from './context.ts'
import type { Answer, ReadOptions, ServerSelection } from './index.ts'
import { nameHolds } from './servers.ts'
import { answerPosition, equal, positionOf, run } from './statement.ts'

/** An id that nobody has comes back without a name: what is to be said of it is the business of the command. */
export const serverSelectionQuery =
  ({ database, ready }: QueryContext) =>
  async (selection: ServerSelection, options: ReadOptions = {}): Promise<Answer<readonly OperationItem[]>> => {
    await ready([servers], options)
    const { ids, limit = 1_000 } = selection
    const table = sql.table(servers.table)
    const selected =
      ids === undefined
        ? sql`select server_id as id, name, 0::bigint as place from ${table} where ${sql.join(conditionsOf(selection), sql` and `)}`
        : sql`
            select asked.id, ${table}.name, asked.place
            from unnest(${[...ids]}::text[]) with ordinality as asked (id, place) left join ${table} on server_id = asked.id`
    const { rows } = await run<Row>(
      database,
      [servers],
      sql`
        with checkpoint as (${positionOf([servers])}), selected as (${selected} order by place, name limit ${limit})
        select checkpoint.answer_position, selected.* from checkpoint left join selected on true order by place, name`,
    )
    const value = rows.flatMap(({ id, name }) => (typeof id === 'string' ? [{ id, name: typeof name === 'string' ? name : null }] : []))
    return { value, position: answerPosition(rows[0]) }
  }

function conditionsOf({ state, health, enabled, transport, search }: ServerSelection) {
  const conditions = [
    equal('situation', 'registered'),
    equal('state', state),
    equal('health', health),
    equal('enabled', enabled),
    equal('transport', transport),
    nameHolds(search),
  ]
  return conditions.filter((condition) => condition !== undefined)
}
