/** Managed servers with how many tools they have, and every other word for how they are. The same view is made of the past. */
import { sql } from 'kysely'
import { statusWords } from '../../domain/server/status-words.ts'
import { serverTools } from '../server-tools.ts'
import { type ServerRow, servers } from '../servers.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { Collection, ServerFilter, ServerView, ToolCounts } from './index.ts'
import { equal } from './statement.ts'

export const serverQueries = (context: QueryContext): Collection<ServerView, ServerFilter> =>
  createCollection<ServerRow, ServerFilter, ServerView>(context, {
    model: servers,
    others: [serverTools],
    extras: {
      columns: { toolsOffered: 'integer', toolsEnabled: 'integer', toolsQuarantined: 'integer' },
      select: sql`tools.tools_offered, tools.tools_enabled, tools.tools_quarantined`,
      join: sql`
        left join lateral (
          select count(*) filter (where offered)::integer as tools_offered,
            count(*) filter (where state = 'enabled')::integer as tools_enabled,
            count(*) filter (where state = 'quarantined')::integer as tools_quarantined
          from server_tools where server_tools.server_id = page.server_id
        ) tools on true`,
    },
    filters: ({ name, search, state, health, enabled, transport, builtIn, situation = 'registered' }) => [
      equal('name', name),
      search === undefined ? undefined : sql`strpos(lower(name || ' ' || display_name), lower(${search})) > 0`,
      equal('state', state),
      equal('health', health),
      equal('enabled', enabled),
      equal('transport', transport),
      equal('builtIn', builtIn),
      equal('situation', situation === 'all' ? undefined : situation),
    ],
    orderBy: 'name',
    direction: 'asc',
    item(row, extras) {
      const tools = {
        offered: Number(extras['toolsOffered']),
        enabled: Number(extras['toolsEnabled']),
        quarantined: Number(extras['toolsQuarantined']),
      }
      return serverView(row, tools)
    },
  })

export const serverView = (row: ServerRow, tools: ToolCounts): ServerView => ({ ...row, tools, words: statusWords(row) })

/** The filter above, for rows that come from no database. */
export function fitsServer(row: ServerRow, { search, situation = 'registered', ...filter }: ServerFilter): boolean {
  const { name, displayName } = row
  if (search !== undefined && !`${name} ${displayName}`.toLowerCase().includes(search.toLowerCase())) return false
  if (situation !== 'all' && row.situation !== situation) return false
  const same = <Value>(wanted: Value | undefined, value: Value): boolean => wanted === undefined || wanted === value
  return (
    same(filter.name, name) &&
    same(filter.state, row.state) &&
    same(filter.health, row.health) &&
    same(filter.enabled, row.enabled) &&
    same(filter.transport, row.transport) &&
    same(filter.builtIn, row.builtIn)
  )
}
