/**
 * Who calls: a key as bearer token, looked up by its SHA-256. Steward never holds a key, so neither a read model nor a log can leak one.
 * The administrator's key of the configuration works before any other exists.
 */
import type { Instant } from '../domain/instant.ts'
import type { Role } from '../domain/key/events.ts'
import type { Hash } from '../domain/ports/hash.ts'
import { ApiError } from './api-error.ts'

export type Principal = Readonly<{ keyId: string; name: string; role: Role; owner: string; expiresAt: Instant | undefined }>

/** The keys, by the SHA-256 of each. */
export interface KeyIndex {
  bySha256(sha256: string): Promise<KeyRecord | undefined>
}
export type KeyRecord = Readonly<{
  keyId: string
  name: string
  role: Role
  owner: string
  expiresAt: Instant | null
  revokedAt: Instant | null
}>

export type Authenticate = (authorization: string | null, now: Instant) => Promise<Principal>

const BEARER = /^Bearer +([\x21-\x7e]{16,512})$/i

/** Owner and id of the administrator's key of the configuration. */
export const ADMIN_KEY_ID = 'admin-key'
export const ADMIN_OWNER = 'admin'

/** @throws ApiError `unauthenticated`, always the same, whatever was wrong. */
export function createAuthenticate({
  keys,
  hash,
  adminKeySha256,
}: {
  keys: KeyIndex
  hash: Hash
  adminKeySha256: string | undefined
}): Authenticate {
  return async (authorization, now) => {
    const key = authorization === null ? undefined : BEARER.exec(authorization)?.[1]
    if (key === undefined) throw unauthenticated()
    const sha256 = hash.sha256(key)
    if (adminKeySha256 !== undefined && sameText(sha256, adminKeySha256)) {
      return { keyId: ADMIN_KEY_ID, name: ADMIN_KEY_ID, role: 'system_admin', owner: ADMIN_OWNER, expiresAt: undefined }
    }
    const record = await keys.bySha256(sha256)
    if (record === undefined || record.revokedAt !== null) throw unauthenticated()
    if (record.expiresAt !== null && record.expiresAt <= now) throw unauthenticated()
    const { keyId, name, role, owner, expiresAt } = record
    return { keyId, name, role, owner, expiresAt: expiresAt ?? undefined }
  }
}

const unauthenticated = () => new ApiError('unauthenticated', { headers: { 'www-authenticate': 'Bearer realm="steward"' } })

/** Takes the same time wherever two texts of one length differ. */
export function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}

/** A new key: 256 random bits behind a prefix that secret scanners can be taught. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return `sk_${Buffer.from(bytes).toString('base64url')}`
}
