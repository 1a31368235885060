/** Tools with the name of their server and how they were called in the ninety days that are kept. Those of retired servers are shown only to who asks for that server. */
import { sql } from 'kysely'
import { instant } from '../../domain/instant.ts'
import { type ServerToolRow, serverTools } from '../server-tools.ts'
import { servers } from '../servers.ts'
import { toolUsage } from '../tool-usage.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type { Collection, ServerToolFilter, ServerToolView } from './index.ts'
import { equal } from './statement.ts'

export const serverToolQueries = (context: QueryContext): Collection<ServerToolView, ServerToolFilter> =>
  createCollection<ServerToolRow, ServerToolFilter, ServerToolView>(context, {
    model: serverTools,
    others: [servers, toolUsage],
    extras: {
      columns: {
        server: 'text',
        usageCalls: 'double precision',
        usageErrors: 'double precision',
        usageUs: 'double precision',
        lastCallAt: 'timestamptz',
      },
      select: sql`servers.name as server, usage.usage_calls, usage.usage_errors, usage.usage_us, usage.last_call_at`,
      join: sql`
        left join servers on servers.server_id = page.server_id
        left join lateral (
          select coalesce(sum(calls), 0)::float8 as usage_calls, coalesce(sum(errors), 0)::float8 as usage_errors,
            coalesce(sum(duration_us), 0)::float8 as usage_us, max(tool_usage.last_call_at) as last_call_at
          from tool_usage where tool_usage.server_id = page.server_id and tool_usage.tool = page.tool and grain = 'day'
        ) usage on true`,
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
    item: (row, extras) => ({
      ...row,
      server: String(extras['server'] ?? row.serverId),
      usage: {
        calls: Number(extras['usageCalls']),
        errors: Number(extras['usageErrors']),
        durationUs: Number(extras['usageUs']),
        lastCallAt: extras['lastCallAt'] === null ? null : instant(String(extras['lastCallAt'])),
      },
    }),
  })
