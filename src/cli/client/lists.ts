/** Lists of the API, page after page, as one. */
import type { Query, StewardClient } from './client.ts'
import type { Page } from './shapes.ts'

export type ListRange = Readonly<{
  /** Default 20. */
  limit?: number
  /** Everything there is. */
  all?: boolean
}>

/** What the API gives in one answer at most. */
const PAGE_SIZE = 100

/** The items asked for, and the cursor behind them when there are more. */
export async function fetchList<Item>(
  client: StewardClient,
  path: string,
  query: Query,
  { limit = 20, all = false }: ListRange,
): Promise<Page<Item>> {
  const wanted = all ? Number.POSITIVE_INFINITY : limit
  const items: Item[] = []
  let cursor: string | undefined
  for (;;) {
    const page: Page<Item> = await client.get(path, { ...query, limit: Math.min(PAGE_SIZE, wanted - items.length), cursor })
    items.push(...page.items)
    const { next_cursor: next, position } = page
    // A cursor that leads to itself, or to nothing, would never end.
    if (next === null || next === cursor || page.items.length === 0 || items.length >= wanted) return { items, next_cursor: next, position }
    cursor = next
  }
}
