/** A list and a show over one read model: the shape that all collections share. */
import { sql } from 'kysely'
import { snake } from '../columns.ts'
import type { ReadModel, Row } from '../projection.ts'
import type { QueryContext } from './context.ts'
import type { Collection, ListOptions } from './index.ts'
import { type Extras, type PageSource, readOne, readPage } from './statement.ts'

export type CollectionOptions<R extends Row, Filter, Item> = Readonly<{
  model: ReadModel<string, R>
  /** Other read models that the extras come from. */
  others?: readonly ReadModel[]
  extras?: Extras
  filters: (filter: Partial<Filter>) => PageSource['filters']
  orderBy: keyof R & string
  direction: 'asc' | 'desc'
  /** From a row with its extras. */
  item: (row: R, extras: Row) => Item
}>

export function createCollection<R extends Row, Filter, Item>(
  { database, ready }: QueryContext,
  { model, others = [], extras, filters, orderBy, direction, item }: CollectionOptions<R, Filter, Item>,
): Collection<Item, Filter> {
  const models = [model, ...others]
  // Written from rows of this type, through the same columns; extras are beside them.
  const itemOf = (row: Row): Item => item(row as R, row)
  return {
    async list(options) {
      const filter: Partial<Filter> & ListOptions = options ?? {}
      await ready(models, filter)
      const { rows, ...page } = await readPage(database, { model, models, extras, filters: filters(filter), orderBy, direction }, filter)
      return { items: rows.map(itemOf), ...page }
    },
    async show(id, options = {}) {
      await ready(models, options)
      const { row, position } = await readOne(database, { model, models, extras }, sql`${sql.ref(snake(model.primaryKey))} = ${id}`)
      return { value: row && itemOf(row), position }
    },
  }
}
