/** What the calls of servers amount to in the words of the management module: over all that is kept, ninety days. */
import type { ServerMetrics } from '../../../projections/queries/usage-answers.ts'
import type { Context } from '../../context.ts'

/** By id. Undefined: it was never called. */
export function figuresOf(servers: readonly ServerMetrics[] = []): (serverId: string) => ServerMetrics | undefined {
  const known = new Map(servers.map((server) => [server.serverId, server]))
  return (serverId) => known.get(serverId)
}

/** Of all servers, in one question. */
export const allFigures = async ({ queries }: Pick<Context, 'queries'>) => figuresOf((await queries.usage.analytics('90d')).value.byServer)
