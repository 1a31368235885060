/** A request that is made of other commands needs the permission of each of them: nobody restores or imports what he may not do by itself. */
import { ApiError } from './api-error.ts'
import type { Principal } from './authenticate.ts'
import { mayDo, type Permission } from './permissions.ts'

/** By the operation under which each is given alone. A test holds it against the routes. */
export const permissionOfPart = {
  'servers.register': 'mcp:manage_servers',
  'servers.update': 'mcp:manage_servers',
  'servers.enable': 'mcp:manage_servers',
  'servers.disable': 'mcp:manage_servers',
  'servers.restart': 'mcp:manage_servers',
  'servers.retire': 'mcp:manage_servers',
  'servers.restore': 'mcp:manage_servers',
} as const satisfies Readonly<Record<string, Permission>>

/** @throws ApiError `forbidden`, with the first permission that is missing and what it is for. */
export function refuseForbiddenParts(principal: Pick<Principal, 'role'> | undefined, operations: Iterable<string>): void {
  const known = new Map<string, Permission>(Object.entries(permissionOfPart))
  for (const operation of operations) {
    const needs = known.get(operation)
    if (needs === undefined) throw new TypeError(`nobody says what ${operation} needs`)
    if (principal === undefined || !mayDo(principal.role, needs)) throw new ApiError('forbidden', { details: { needs, operation } })
  }
}
