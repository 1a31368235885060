/** An API key as it is shown: never the key, nor its hash. */
import { z } from 'zod'
import { roles } from '../../domain/key/events.ts'
import type { ApiKeyRow } from '../../projections/api-keys.ts'
import type { Principal } from '../authenticate.ts'
import { mayOf, permissions } from '../permissions.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

export const apiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    owner: z.string().describe('Who answers for it. Four-eyes rules count owners.'),
    createdAt: timeText,
    createdBy: z.string(),
    expiresAt: timeText.nullable(),
    revokedAt: timeText.nullable(),
    revokedBy: z.string().nullable(),
    revision: positionText,
  })
  .meta({ id: 'ApiKey' })

export const exampleKey: z.input<typeof apiKey> = {
  id: exampleId,
  name: 'deploy-robot',
  role: 'operator',
  owner: 'mira',
  createdAt: exampleTime,
  createdBy: 'admin-key',
  expiresAt: null,
  revokedAt: null,
  revokedBy: null,
  revision: '0',
}

export const keyJson = (row: ApiKeyRow): z.input<typeof apiKey> => ({
  id: row.keyId,
  name: row.name,
  role: row.role,
  owner: row.owner,
  createdAt: row.createdAt,
  createdBy: row.createdBy,
  expiresAt: row.expiresAt,
  revokedAt: row.revokedAt,
  revokedBy: row.revokedBy,
  revision: String(row.revision),
})

export const ownKey = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    owner: z.string(),
    expiresAt: timeText.nullable(),
    permissions: listOf(z.enum(permissions)),
  })
  .meta({ id: 'OwnKey' })

export const exampleOwnKey: z.input<typeof ownKey> = {
  ...{ id: exampleId, name: 'reception', role: 'viewer', owner: 'mira', expiresAt: null },
  permissions: ['mcp:view_servers', 'mcp:view_events', 'hosts:view', 'targets:view', 'incidents:view', 'projections:view', 'errors:report'],
}

export const ownKeyJson = (principal: Principal): z.input<typeof ownKey> => {
  const { keyId: id, name, role, owner, expiresAt = null } = principal
  return { id, name, role, owner, expiresAt, permissions: permissions.filter(mayOf(principal)) }
}
