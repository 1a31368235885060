/** What can happen to an API key. Only the SHA-256 of a key is ever recorded. */
import type { Instant } from '../instant.ts'

export type KeyEvent =
  | Readonly<{ type: 'ApiKeyCreated'; data: ApiKey }>
  | Readonly<{ type: 'ApiKeyRevoked'; data: Readonly<{ keyId: string; by: string; reason: string; at: Instant }> }>

export const roles = ['viewer', 'operator', 'admin', 'system_admin'] as const
export type Role = (typeof roles)[number]

export type ApiKey = Readonly<{
  keyId: string
  name: string
  role: Role
  /** The person or system that answers for it. Four-eyes rules count owners. */
  owner: string
  sha256: string
  expiresAt?: Instant
  by: string
  at: Instant
}>
