/**
 * The first key. Either the operator sets STEWARD_ADMIN_KEY, or the first start makes one, prints it once, and leaves it in a file that only the
 * owner of the data directory can read. What is recorded of it is its SHA-256.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
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

/**
 * Makes the first key of a log that has none. Undefined when there is one already, or another instance made it in the same moment. The file comes
 * before the event: a start that dies in between leaves a key that opens nothing yet, and the next start takes it into service.
 */
export async function makeFirstKey(
  { handle, ids, hash, clock }: { handle: HandleCommand; ids: Ids; hash: Hash; clock: Clock },
  dataDir: string,
): Promise<FirstKey | undefined> {
  const file = join(dataDir, ADMIN_KEY_FILE)
  const { key, isNew } = await keyInFile(file)
  const keyId = ids.derived('key', 'first')
  const commandId = ids.fresh()
  const who = { name: 'admin', role: 'system_admin', owner: 'admin', by: 'steward' } as const
  const data = { keyId, ...who, sha256: hash.sha256(key), at: clock.now() }
  try {
    const cause = { actor: 'steward', commandId, correlationId: commandId, causationId: commandId }
    const { position } = await handle({ aggregate: 'key', id: keyId, command: { type: 'CreateApiKey', data } }, cause)
    return { key, file, position }
  } catch (error) {
    if (!(error instanceof CommandRefused) || error.rule !== 'key-already-exists') throw error
    if (isNew) await rm(file)
    return undefined
  }
}

async function keyInFile(file: string): Promise<Readonly<{ key: string; isNew: boolean }>> {
  const key = makeKey()
  try {
    await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx', flush: true })
    return { key, isNew: true }
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error
    return { key: (await readFile(file, 'utf8')).trim(), isNew: false }
  }
}
