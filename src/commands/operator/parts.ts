/**
 * A command that is made of other commands: each part leaves its own record and can be undone by itself, and a repeat of the whole finds the parts that
 * were done before. One part that is refused does not hold up the others, and is never called a success.
 */
import type { JsonObject } from '../../domain/ports/json.ts'
import { CommandRefused } from '../command-refused.ts'
import { ABANDONED_AFTER_MS } from './attempts.ts'
import type { CommandMeta, OperatorTools, Outcome } from './operator-command.ts'

export type PartOutcome = Readonly<{ commandId: string }> & Answer

export type Answer =
  | Readonly<{ kind: 'done'; outcome: Outcome }>
  | Readonly<{ kind: 'refused'; rule: string; facts: CommandRefused['facts'] }>

export type RunPart = (part: string, command: (meta: CommandMeta) => Promise<Outcome>) => Promise<PartOutcome>

const ASK_AGAIN_MS = 1_000

/** @throws whatever is no refusal: then the whole is open, and is run again. */
export const createParts =
  ({ ids, clock }: Pick<OperatorTools, 'ids' | 'clock'>, meta: CommandMeta): RunPart =>
  async (part, command) => {
    const { expectedRevision: _, ...whole } = meta
    const commandId = partId(ids, meta.commandId, part)
    // What a part is follows from the whole, so a repeat is the same request even if the world has changed.
    const own: CommandMeta = { ...whole, commandId, bodyHash: `${meta.bodyHash}/${part}` }
    return { commandId, ...(await answerOf(() => command(own), clock)) }
  }

/** A refusal is an answer. @throws whatever is none. */
export async function answerOf(command: () => Promise<Outcome>, clock: OperatorTools['clock']): Promise<Answer> {
  for (let waitedMs = 0; ; waitedMs += ASK_AGAIN_MS) {
    try {
      return { kind: 'done', outcome: await command() }
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      // Its instance died in the middle of it; after a while the command counts as abandoned and is run again.
      if (error.rule !== 'command-in-progress' || waitedMs > ABANDONED_AFTER_MS) {
        return { kind: 'refused', rule: error.rule, facts: error.facts }
      }
      await clock.sleep(ASK_AGAIN_MS)
    }
  }
}

export const partId = (ids: OperatorTools['ids'], commandId: string, part: string): string => ids.derived(commandId, 'part', part)

/** What a person reads of all parts together: only `complete` is a success. */
export type Summary = Readonly<{ outcome: 'complete' | 'partial' | 'nothing'; done: number; refused: number }>

export function summaryOf(done: number, refused: number): Summary & JsonObject {
  return { outcome: refused === 0 ? 'complete' : done === 0 ? 'nothing' : 'partial', done, refused }
}
