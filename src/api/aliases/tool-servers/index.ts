/** The paths of the document about tool servers: `/api/v1/toolservers/...` and `/api/v1/analytics/toolservers`. */
import type { Route } from '../../define-route.ts'
import { bulkOfToolServers } from './bulk.ts'
import { controlAliases } from './control.ts'
import { toolServerCrud } from './servers.ts'
import { usageAliases } from './usage.ts'

export const toolServerAliases: readonly Route[] = [...toolServerCrud, ...controlAliases, bulkOfToolServers, ...usageAliases]
