/** Every route of the API, aliases included. A route that is not here does not exist. */
import { aliases } from '../aliases/index.ts'
import type { Route } from '../define-route.ts'
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
import { pageRoutes } from './page.ts'
import { processRoutes } from './processes.ts'
import { projectionRoutes } from './projections.ts'
import { serverBulkRoutes } from './server-bulk.ts'
import { serverDeskRoutes } from './server-desk.ts'
import { serverHealthRoutes } from './server-health.ts'
import { serverLifecycleRoutes } from './server-lifecycle.ts'
import { serverPastRoutes } from './server-past.ts'
import { serverToolRoutes } from './server-tools.ts'
import { serverUpgradeRoutes } from './server-upgrade.ts'
import { serverRoutes } from './servers.ts'
import { streamRoutes } from './streams.ts'
import { metricsRoute, systemRoutes } from './system.ts'
import { targetRoutes } from './targets.ts'
import { usageRoutes } from './usage.ts'

/** In the order of registration: a path stands before one that could swallow it. */
export function allRoutes({ publicMetrics }: { publicMetrics: boolean }): readonly Route[] {
  const routes: readonly Route[] = [
    ...keyRoutes,
    ...hostRoutes,
    ...targetRoutes,
    ...serverRoutes,
    // `/servers/bulk/restart` is no server of the name bulk.
    ...serverBulkRoutes,
    ...serverLifecycleRoutes,
    ...serverPastRoutes,
    ...serverHealthRoutes,
    ...serverDeskRoutes,
    ...serverUpgradeRoutes,
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
    ...processRoutes,
    ...usageRoutes,
    ...systemRoutes,
    metricsRoute({ isPublic: publicMetrics }),
    ...documentationRoutes,
    ...pageRoutes,
    ...aliases,
  ]
  return routes.toSorted((a, b) => (shapeOf(a) < shapeOf(b) ? -1 : shapeOf(a) > shapeOf(b) ? 1 : 0))
}

/** 0 for a name, 1 for a parameter: `/servers/bulk/{operation}` stands before `/servers/{id}/restart`, which would take `bulk` for an id. */
const shapeOf = ({ path }: Route): string => path.replaceAll(/[^/]+/g, (segment) => (segment.startsWith('{') ? '1' : '0'))
