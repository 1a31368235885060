/**
 * A command on one aggregate that can be looked at before it is given: the preview decides with the same code on the same state, and records nothing.
 */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { Refusal } from '../../domain/decider.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { decideOn } from '../aggregate-states.ts'
import { CommandRefused } from '../command-refused.ts'
import { decidedSince, handleUnlessDecided } from './decided-since.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand, type RunContext } from './operator-command.ts'

/** What would be recorded, or the rule that forbids it. Nothing and no refusal: everything is already so. */
export type Preview = Readonly<{ id: string; wouldRecord: readonly DomainEvent[]; refusal?: Refusal }>

export type PreviewedCommand<Input> = OperatorCommand<Input> &
  Readonly<{
    /** `seen`: the revision that the caller saw, if he says so. */
    preview: (input: Readonly<Input>, by: string, seen?: bigint) => Promise<Preview>
  }>

/** `commandId`: of the command itself; undefined in a preview. */
type Context = Pick<RunContext, 'newId' | 'now'> & Readonly<{ by: string; commandId?: string }>

export function previewedCommand<Input extends object>(
  tools: OperatorTools,
  definition: Readonly<{
    name: string
    subject: (input: Readonly<Input>) => string
    body: (input: Readonly<Input>) => JsonObject
    /** What it asks of which aggregate. @throws CommandRefused a rule forbids it before the aggregate is asked. */
    command: (input: Readonly<Input>, context: Context) => AnyCommand | Promise<AnyCommand>
    /** What `before` would refuse, asked without doing it. @throws CommandRefused */
    check?: (command: AnyCommand, input: Readonly<Input>) => Promise<void>
    /** What has to be so before, across aggregates. */
    before?: (command: AnyCommand, input: Readonly<Input>, context: RunContext) => Promise<void>
    /** What follows, also when the command is run again. */
    after?: (command: AnyCommand, input: Readonly<Input>, context: RunContext) => Promise<void>
  }>,
): PreviewedCommand<Input> {
  const { name, subject, body, command: commandOf, check, before, after } = definition
  const run = operatorCommand<Input>(tools, {
    name,
    subject,
    body,
    async run(input, context) {
      const command = await commandOf(input, { ...context, by: context.meta.owner, commandId: context.meta.commandId })
      await before?.(command, input, context)
      const handled = await handleUnlessDecided(tools.log, context, command)
      await after?.(command, input, context)
      return { id: command.id, handled }
    },
    read: () => ({}),
  })
  return Object.assign(run, {
    async preview(input: Readonly<Input>, by: string, seen?: bigint): Promise<Preview> {
      const id = tools.ids.fresh()
      try {
        const command = await commandOf(input, { newId: id, now: tools.clock.now(), by })
        const standing = seen === undefined ? undefined : await decidedSince(tools.log, { serverId: command.id, seen })
        if (standing && 'refusal' in standing) return { id: command.id, wouldRecord: [], refusal: standing.refusal }
        await check?.(command, input)
        const { decision } = await decideOn(tools.log.states, command)
        if (decision.kind === 'refused') return { id: command.id, wouldRecord: [], refusal: decision.refusal }
        return { id: command.id, wouldRecord: decision.events }
      } catch (error) {
        if (!(error instanceof CommandRefused)) throw error
        return { id, wouldRecord: [], refusal: { rule: error.rule, facts: error.facts } }
      }
    },
  })
}
