/**
 * Handles a command of an aggregate: fold, decide, append at the exact revision. A command that is already in the stream returns its
 * first result, so a repeat after a crash changes nothing.
 */
import { type AnyCommand, streamOf } from '../domain/aggregates.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Appended, Position, StreamName } from '../domain/ports/event-store.ts'
import { decideOn } from './aggregate-states.ts'
import { CommandRefused } from './command-refused.ts'
import type { Cause, EventLog } from './event-log.ts'
import { decidedAgain } from './retry.ts'

export type HandleCommand = (addressed: AnyCommand, cause: CommandCause) => Promise<Handled>

/** `fresh`: the id was made for this very command, and not by somebody who may have given it long ago: then no long stream is searched for it. */
export type CommandCause = Cause & Readonly<{ commandId: string; fresh?: boolean; expectedRevision?: bigint }>

/** Where the stream stands after the command. `changed` is false when everything was already so. */
export type Handled = Readonly<{ position: Position; revision: bigint | undefined; changed: boolean }>

/**
 * @throws CommandRefused a rule of the domain forbids it, or the stream is not at `expectedRevision`.
 * @throws ConcurrencyConflict others kept writing first.
 */
export function createCommandHandler(log: EventLog, { onRecorded, onConflict }: CommandObserver = {}): HandleCommand {
  return (addressed, { expectedRevision, fresh = false, ...cause }) => {
    const conflict = () => onConflict?.(addressed)
    return decidedAgain(async () => {
      const stream = streamOf(addressed.aggregate, addressed.id)
      const { decision, last, expected, mayHold } = await decideOn(log.states, addressed)
      if (mayHold({ commandId: cause.commandId, fresh })) {
        const first = await firstResult(stream, cause.commandId, log)
        if (first) return first
      }
      if (expectedRevision !== undefined && expected !== expectedRevision) {
        // The caller decided on what is no longer so: deciding again here would not be his decision.
        throw new CommandRefused({ rule: 'concurrency-conflict', facts: { expected: String(expectedRevision), actual: String(expected) } })
      }
      if (decision.kind === 'refused') throw new CommandRefused(decision.refusal)
      if (decision.events.length === 0) {
        return { position: last?.position ?? (await log.store.head()) ?? 0n, revision: last?.revision, changed: false }
      }
      const appended = await log.append(stream, expected, decision.events, cause)
      onRecorded?.(stream, decision.events, appended)
      const { position, revision } = appended
      return { position, revision, changed: true }
    }, conflict)
  }
}

async function firstResult(stream: StreamName, commandId: string, log: EventLog): Promise<Handled | undefined> {
  const { events } = await log.load(stream)
  const first = events.findLast((event) => event.metadata.commandId === commandId)
  return first && { position: first.position, revision: first.revision, changed: true }
}

/** Who wants to know what commands do. */
export type CommandObserver = Readonly<{
  onRecorded?: (stream: StreamName, events: readonly DomainEvent[], appended: Appended) => void
  onConflict?: (addressed: AnyCommand) => void
}>
