/** Which operations on many items have not ended, as the read model knows it: where a runner begins after a restart. */
import { sql } from 'kysely'
import type { OperationRoster } from '../domain/ports/operation-roster.ts'
import type { Database } from './database.ts'
import { operations } from './operations.ts'
import type { Row } from './projection.ts'
import { answerPosition, positionOf, run } from './queries/statement.ts'

export const createOperationRoster = (database: Database): OperationRoster => ({
  async openBulk() {
    const { rows } = await run<Row>(
      database,
      [operations],
      sql`
        with checkpoint as (${positionOf([operations])})
        select checkpoint.answer_position, operation_id
        from checkpoint
        left join ${sql.table(operations.table)} on state in ('running', 'cancelling') and items is not null
        order by started_at, operation_id`,
    )
    const position = answerPosition(rows[0])
    const operationIds = rows.flatMap(({ operation_id: id }) => (typeof id === 'string' ? [id] : []))
    return { operationIds, position: position === 0n ? undefined : position }
  },
})
