/**
 * What a person who saw a server must not overwrite: what somebody else decided about it since. The facts that the server writes itself - health,
 * restarts, its catalogue - make nothing wrong of what was seen, and must not make every change a race.
 */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { Refusal } from '../../domain/decider.ts'
import { isIntent } from '../../domain/server/state.ts'
import type { Handled } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import type { RunContext } from './operator-command.ts'

type Standing = Readonly<{ refusal: Refusal }> | Readonly<{ revision: bigint }>

/** What the caller saw is refused when it was decided upon since; otherwise the revision that this was found at. */
export async function decidedSince(
  log: EventLog,
  { serverId, seen, commandId }: Readonly<{ serverId: string; seen: bigint; commandId?: string }>,
): Promise<Standing> {
  let revision: bigint | undefined
  for await (const { metadata, ...event } of log.store.readStream(`server-${serverId}`, { from: seen })) {
    const isOwn = commandId !== undefined && (metadata.commandId === commandId || metadata.causationId === commandId)
    if (event.revision > seen && isIntent(event) && !isOwn) return { refusal: conflict(seen, event.revision) }
    revision = event.revision
  }
  return revision === undefined ? { refusal: conflict(seen, 'none') } : { revision }
}

const conflict = (expected: bigint, actual: bigint | string): Refusal => ({
  rule: 'concurrency-conflict',
  facts: { expected: String(expected), actual: String(actual) },
})

/** Facts that come in between are looked past this often. */
const MOST_TRIES = 8

/** Handles the command unless somebody decided something since the caller's `expectedRevision`. @throws CommandRefused `concurrency-conflict`. */
export async function handleUnlessDecided(log: EventLog, { meta, handle, handleAt }: RunContext, command: AnyCommand): Promise<Handled> {
  const { expectedRevision: seen, commandId } = meta
  if (seen === undefined) return handle(command)
  for (let tries = 1; ; tries += 1) {
    const standing = await decidedSince(log, { serverId: command.id, seen, commandId })
    if ('refusal' in standing) throw new CommandRefused(standing.refusal)
    try {
      return await handleAt(standing.revision, command)
    } catch (error) {
      if (tries === MOST_TRIES || !(error instanceof CommandRefused) || error.rule !== 'concurrency-conflict') throw error
    }
  }
}
