/** Who may do what: the one table of roles and permissions. What is not in it is not allowed. */
import type { Role } from '../domain/key/events.ts'

export const permissions = [
  'mcp:view_servers',
  'mcp:manage_servers',
  'mcp:view_events',
  'mcp:manage_config',
  'mcp:view_logs',
  'mcp:bulk_operations',
  // A name of the management module. No route asks for it: what a system administrator may do alone is `keys:manage`.
  'mcp:system_admin',
  'mcp:exec_stdio',
  'mcp:call_tools',
  'remediation:approve',
  'remediation:execute',
  'audit:read',
  'hosts:view',
  'hosts:manage',
  'targets:view',
  'targets:operate',
  'targets:manage',
  'incidents:view',
  'incidents:manage',
  'projections:view',
  'projections:manage',
  'keys:view',
  'keys:manage',
  'errors:report',
] as const
export type Permission = (typeof permissions)[number]

const viewer = [
  'mcp:view_servers',
  'mcp:view_events',
  'hosts:view',
  'targets:view',
  'incidents:view',
  'projections:view',
  // Anyone with a key may report an error: a report opens an incident at most, it never authorises an action.
  'errors:report',
] as const satisfies readonly Permission[]

const operator = [
  ...viewer,
  'mcp:manage_servers',
  'mcp:view_logs',
  'mcp:call_tools',
  'targets:operate',
  'incidents:manage',
  'remediation:approve',
  'audit:read',
] as const satisfies readonly Permission[]

const admin = [
  ...operator,
  'mcp:manage_config',
  'mcp:bulk_operations',
  'mcp:exec_stdio',
  'hosts:manage',
  'targets:manage',
  'remediation:execute',
  'projections:manage',
  'keys:view',
] as const satisfies readonly Permission[]

/** Only a system administrator makes keys: a key carries an owner, and four-eyes rules count owners. */
export const permissionsOf: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(viewer),
  operator: new Set(operator),
  admin: new Set(admin),
  system_admin: new Set(permissions),
}

export const mayDo = (role: Role, permission: Permission): boolean => permissionsOf[role].has(permission)

/** What one caller may do; nobody may do nothing. */
export const mayOf =
  (principal: Readonly<{ role: Role }> | undefined) =>
  (permission: Permission): boolean =>
    principal !== undefined && mayDo(principal.role, permission)
