/**
 * The paths of the source documents, in one table. Each is served by the handler of a canonical route; here stand only the translations of what
 * goes in and what comes out. docs/aliases.md is this table.
 */
import type { Route } from '../define-route.ts'
import { managementAliases } from './management/index.ts'
import { monitoringAliases } from './monitoring.ts'
import { toolServerAliases } from './tool-servers/index.ts'

export const aliases: readonly Route[] = [...monitoringAliases, ...managementAliases, ...toolServerAliases]
