/** A read model in memory, with the paging of the real ones: cursors, offsets, totals, and a position that may lag. */

import { InvalidCursor, ProjectionLagging } from '../../../src/projections/projection-errors.ts'
import type { ListOptions, Page, ReadOptions } from '../../../src/projections/queries/index.ts'

export type Model = { position: bigint }

export function checkPosition(model: Model, { minPosition }: ReadOptions): void {
  if (minPosition !== undefined && minPosition > model.position) {
    throw new ProjectionLagging({ projection: 'test', position: model.position, wanted: minPosition })
  }
}

export function collection<Row, Filter extends object>(
  model: Model,
  rows: Row[],
  idOf: (row: Row) => string,
  fits: (row: Row, filter: Filter) => boolean = () => true,
) {
  return {
    async list(options: Filter & ListOptions = {} as Filter & ListOptions): Promise<Page<Row>> {
      checkPosition(model, options)
      const { limit = 20, cursor, offset, withTotal } = options
      const all = rows.filter((row) => fits(row, options))
      const from = cursor === undefined ? (offset ?? 0) : indexOf(cursor)
      const items = all.slice(from, from + limit)
      return {
        items,
        nextCursor: from + limit < all.length ? `at:${from + limit}` : undefined,
        total: withTotal === true ? all.length : undefined,
        position: model.position,
      }
    },
    async show(id: string, options: ReadOptions = {}) {
      checkPosition(model, options)
      return { value: rows.find((row) => idOf(row) === id), position: model.position }
    },
  }
}

function indexOf(cursor: string): number {
  const index = /^at:(\d+)$/.exec(cursor)?.[1]
  if (index === undefined) throw new InvalidCursor()
  return Number(index)
}
