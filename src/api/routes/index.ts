/** Every route of the API, aliases included. A route that is not here does not exist. */
import { aliases } from '../aliases.ts'
import type { Route } from '../define-route.ts'
import { serverAliases } from '../server-aliases.ts'
import { usageAliases } from '../usage-aliases.ts'
import { anomalyRoutes } from './anomalies.ts'
import { approvalRoutes } from './approvals.ts'
import { commandRoutes } from './commands.ts'
import { configurationRoutes } from './configuration.ts'
import { discoveryRoutes } from './discovery.ts'
import { documentationRoutes } from './documentation.ts'
import { eventRoutes } from './events.ts'
import { exportRoutes } from './exports.ts'
import { healingRoutes } from './healing.ts'
import { hostRoutes } from './hosts.ts'
import { incidentRoutes } from './incidents.ts'
import { keyRoutes } from './keys.ts'
import { processRoutes } from './processes.ts'
import { projectionRoutes } from './projections.ts'
import { serverBulkRoutes } from './server-bulk.ts'
import { serverDeskRoutes } from './server-desk.ts'
import { serverLifecycleRoutes } from './server-lifecycle.ts'
import { serverPastRoutes } from './server-past.ts'
import { serverToolRoutes } from './server-tools.ts'
import { serverRoutes } from './servers.ts'
import { streamRoutes } from './streams.ts'
import { metricsRoute, systemRoutes } from './system.ts'
import { targetRoutes } from './targets.ts'
import { usageRoutes } from './usage.ts'

/** In the order of registration: a path without parameters stands before one that could swallow it. */
export function allRoutes({ publicMetrics }: { publicMetrics: boolean }): readonly Route[] {
  const routes: readonly Route[] = [
    ...keyRoutes,
    ...hostRoutes,
    ...targetRoutes,
    ...serverRoutes,
    ...serverLifecycleRoutes,
    ...serverPastRoutes,
    ...serverDeskRoutes,
    ...serverToolRoutes,
    ...discoveryRoutes,
    ...configurationRoutes,
    ...anomalyRoutes,
    ...incidentRoutes,
    ...approvalRoutes,
    ...healingRoutes,
    ...exportRoutes,
    ...eventRoutes,
    ...streamRoutes,
    ...commandRoutes,
    ...projectionRoutes,
    ...serverBulkRoutes,
    ...processRoutes,
    ...usageRoutes,
    ...systemRoutes,
    metricsRoute({ isPublic: publicMetrics }),
    ...documentationRoutes,
    ...aliases,
    ...usageAliases,
    ...serverAliases,
  ]
  return routes.toSorted((a, b) => parameters(a.path) - parameters(b.path))
}

const parameters = (path: string): number => path.split('{').length
