/** Managed servers with how many tools they have, and every other word for how they are. The same view is made of the past. */
import { type RawBuilder, sql } from 'kysely'
import { healthWords, serverStates } from '../../domain/server/lifecycle.ts'
import { type StatusWords, statusWords } from '../../domain/server/status-words.ts'
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
    filters: ({ name, search, state, health, enabled, transport, builtIn, words = {}, situation = 'registered' }) => [
      equal('name', name),
      nameHolds(search),
      equal('state', state),
      equal('health', health),
      equal('enabled', enabled),
      equal('transport', transport),
      equal('builtIn', builtIn),
      ...standingsOf(words),
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

/** Those whose name or display name holds it; the same for a list and for a selection. Undefined: all. */
export const nameHolds = (search: string | undefined): RawBuilder<unknown> | undefined =>
  search === undefined ? undefined : sql`strpos(lower(name || ' ' || display_name), lower(${search})) > 0`

/** The words are made by one function: which standings have a word is asked of it, and never written down a second time. */
function standingsOf(words: Partial<StatusWords>): readonly RawBuilder<unknown>[] {
  if (Object.values(words).every((word) => word === undefined)) return []
  const fit = standings.filter((standing) => hasWords(standing, words))
  const alternatives = fit.map(({ enabled, state, health }) => sql`(enabled = ${enabled} and state = ${state} and health = ${health})`)
  return [alternatives.length === 0 ? sql`false` : sql`(${sql.join(alternatives, sql` or `)})`]
}

type Standing = Parameters<typeof statusWords>[0]

function hasWords(standing: Standing, { management, toolServer, dashboard }: Partial<StatusWords>): boolean {
  const words = statusWords(standing)
  const same = (wanted: string | undefined, word: string): boolean => wanted === undefined || wanted === word
  return same(management, words.management) && same(toolServer, words.toolServer) && same(dashboard, words.dashboard)
}

const standings: readonly Standing[] = [true, false].flatMap((enabled) =>
  serverStates.flatMap((state) => healthWords.map((health) => ({ enabled, state, health }))),
)

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
    same(filter.builtIn, row.builtIn) &&
    hasWords(row, filter.words ?? {})
  )
}
