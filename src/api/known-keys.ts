/**
 * The keys that called a moment ago, so that a call to a managed server costs no look into the database. A key that was revoked is refused from the
 * moment that somebody tells of it, whatever the read model still says; one that nobody told of is asked for again after five seconds.
 */
import type { KeyIndex, KeyRecord } from './authenticate.ts'

export interface KnownKeys extends KeyIndex {
  /** It was revoked: keys are revoked for good. */
  revoked(keyId: string): void
}

const KNOWN_FOR_MS = 5_000
const MOST_KNOWN = 10_000

export function createKnownKeys(keys: KeyIndex, nowMs: () => number = Date.now): KnownKeys {
  /** The oldest first. */
  const known = new Map<string, Readonly<{ record: KeyRecord; readAtMs: number }>>()
  const revoked = new Set<string>()

  return {
    async bySha256(sha256) {
      const found = known.get(sha256)
      const isFresh = found !== undefined && nowMs() - found.readAtMs < KNOWN_FOR_MS
      const record = isFresh ? found.record : await read(sha256)
      return record === undefined || revoked.has(record.keyId) ? undefined : record
    },
    revoked(keyId) {
      revoked.add(keyId)
    },
  }

  async function read(sha256: string): Promise<KeyRecord | undefined> {
    const record = await keys.bySha256(sha256)
    known.delete(sha256)
    // Of keys that nobody has, anybody could name any number.
    if (record === undefined) return undefined
    known.set(sha256, { record, readAtMs: nowMs() })
    const [oldest] = known.keys()
    if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest)
    return record
  }
}
