/** API keys by their hash: what the door looks at. A key itself is nowhere. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { Role } from '../domain/key/events.ts'
import { defineProjection } from './projection.ts'

export type ApiKeyRow = Readonly<{
  keyId: string
  name: string
  role: Role
  owner: string
  sha256: string
  expiresAt: Instant | null
  createdBy: string
  createdAt: Instant
  revokedBy: string | null
  revokedReason: string | null
  revokedAt: Instant | null
  revision: bigint
}>

export const apiKeys = defineProjection({
  name: 'api-keys',
  version: 1,
  table: 'api_keys',
  columns: {
    keyId: 'text',
    name: 'text',
    role: 'text',
    owner: 'text',
    sha256: 'text',
    expiresAt: 'timestamptz',
    createdBy: 'text',
    createdAt: 'timestamptz',
    revokedBy: 'text',
    revokedReason: 'text',
    revokedAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'keyId',
  nullable: ['expiresAt', 'revokedBy', 'revokedReason', 'revokedAt'],
  indexes: [{ columns: ['sha256'] }],
  eventTypes: ['ApiKeyCreated', 'ApiKeyRevoked'],
  keys: (event) => [event.data.keyId],
  fold(row: ApiKeyRow | undefined, event): ApiKeyRow | 'none' {
    const { revision } = event
    switch (event.type) {
      case 'ApiKeyCreated': {
        const { keyId, name, role, owner, sha256, expiresAt, by, at } = event.data
        return {
          keyId,
          name,
          role,
          owner,
          sha256,
          expiresAt: expiresAt ?? null,
          createdBy: by,
          createdAt: at,
          revokedBy: null,
          revokedReason: null,
          revokedAt: null,
          revision,
        }
      }
      case 'ApiKeyRevoked': {
        if (!row) return 'none'
        const { by, reason, at } = event.data
        return { ...row, revokedBy: by, revokedReason: reason, revokedAt: at, revision }
      }
      default:
        return unreachable(event)
    }
  },
})
