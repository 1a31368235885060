/** Tools with the name of their server. Those of retired servers are shown only to who asks for that server. */
import { sql } from 'kysely'
import { type ServerToolRow, serverTools } from '../server-tools.ts'
import { servers } from '../servers.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { Collection, ServerToolFilter, ServerToolView } from './index.ts'
import { equal } from './statement.ts'

export const serverToolQueries = (context: QueryContext): Collection<ServerToolView, ServerToolFilter> =>
  createCollection<ServerToolRow, ServerToolFilter, ServerToolView>(context, {
    model: serverTools,
    others: [servers],
    extras: {
      columns: { server: 'text' },
      select: sql`servers.name as server`,
      join: sql`left join servers on servers.server_id = page.server_id`,
    },
    filters: ({ serverId, tool, search, state }) => [
      serverId === undefined
        ? sql`exists (select from servers where servers.server_id = server_tools.server_id and servers.situation = 'registered')`
        : equal('serverId', serverId),
      equal('tool', tool),
      search === undefined ? undefined : sql`strpos(lower(tool), lower(${search})) > 0`,
      equal('state', state),
    ],
    orderBy: 'tool',
    direction: 'asc',
    item: (row, extras) => ({ ...row, server: String(extras['server'] ?? row.serverId) }),
  })
