/**
 * The first key. Either the operator sets STEWARD_ADMIN_KEY, or the first start makes one, prints it once, and leaves it in a file that only the
 * owner of the data directory can read. What is recorded of it is its SHA-256.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeKey } from './api/authenticate.ts'
import type { HandleCommand } from './commands/aggregate-commands.ts'
import { CommandRefused } from './commands/command-refused.ts'
import type { Clock } from './domain/ports/clock.ts'
import type { Position } from './domain/ports/event-store.ts'
import type { Hash } from './domain/ports/hash.ts'
import type { Ids } from './domain/ports/ids.ts'

/** `position`: of the event that made it; the key is known to whoever has read so far. */
export type FirstKey = Readonly<{ key: string; file: string; position: Position }>

export const ADMIN_KEY_FILE = 'admin.key'

/** Makes the first key of a log that has none. Undefined when there is one already, or another instance made it in the same moment. */
export async function makeFirstKey(
  { handle, ids, hash, clock }: { handle: HandleCommand; ids: Ids; hash: Hash; clock: Clock },
  dataDir: string,
): Promise<FirstKey | undefined> {
  const keyId = ids.derived('key', 'first')
  const key = makeKey()
  const file = join(dataDir, ADMIN_KEY_FILE)
  const commandId = ids.fresh()
  const data = {
    keyId,
    name: 'admin',
    role: 'system_admin',
    owner: 'admin',
    sha256: hash.sha256(key),
    by: 'steward',
    at: clock.now(),
  } as const
  try {
    const cause = { actor: 'steward', commandId, correlationId: commandId, causationId: commandId }
    const { position } = await handle({ aggregate: 'key', id: keyId, command: { type: 'CreateApiKey', data } }, cause)
    await writeFile(file, `${key}\n`, { mode: 0o600 })
    return { key, file, position }
  } catch (error) {
    if (error instanceof CommandRefused && error.rule === 'key-already-exists') return undefined
    throw error
  }
}
