/** The paths of the management module: `/api/mcp/...`. Its WebSocket stands with ours, see `live/admission.ts`. */
import type { Route } from '../../define-route.ts'
import { bulkAliases } from './bulk.ts'
import { commandAliases } from './commands.ts'
import { configurationAliases } from './configuration.ts'
import { discoveryAliases } from './discovery.ts'
import { eventAliases } from './events.ts'
import { healthAlias } from './health.ts'
import { addServer, listMcpServers, showMcpServer } from './servers.ts'

export const managementAliases: readonly Route[] = [
  listMcpServers,
  addServer,
  showMcpServer,
  ...commandAliases,
  healthAlias,
  ...bulkAliases,
  ...eventAliases,
  ...configurationAliases,
  ...discoveryAliases,
]
