/** What every operator command has in common: who asks, under which id, and an outcome that can be repeated. */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { CommandCause, HandleCommand, Handled } from '../aggregate-commands.ts'
import type { EventLog } from '../event-log.ts'
import type { Attempt, AttemptResult } from './attempts.ts'

export type CommandMeta = Readonly<{
  /** The id of the key, and who answers for it. */
  actor: string
  owner: string
  commandId: string
  correlationId: string
  traceparent?: string
  /** SHA-256 over operation, path parameters and body. */
  bodyHash: string
  /** The revision that the caller saw. */
  expectedRevision?: bigint
}>

export type Outcome = Readonly<{ id: string; position: bigint; commandId: string; revision?: bigint }>

export type OperatorCommand<Input, More = object> = (
  input: Readonly<Input> & Readonly<{ meta: CommandMeta }>,
) => Promise<Outcome & Readonly<More>>

/** What the commands of one group are built with. */
export type OperatorTools = Readonly<{
  attempt: Attempt
  handle: HandleCommand
  log: EventLog
  ids: Ids
  clock: Clock
  /** Every command by its name, so that one which was interrupted can be run again from its record. */
  byName: Map<string, RunAgain>
}>

export type RunAgain = (body: JsonObject, meta: CommandMeta) => Promise<unknown>

/** A command as an attempt: `run` does the work and answers in JSON; `read` takes what the caller gets out of that, first time or repeated. */
export function operatorCommand<Input extends object, More extends JsonObject = Record<never, never>>(
  tools: OperatorTools,
  definition: Readonly<{
    name: string
    subject: (input: Readonly<Input>) => string
    /** The input as it is recorded, whole: it is run again from that. Never a secret. */
    body: (input: Readonly<Input>) => JsonObject
    run: (input: Readonly<Input>, context: RunContext) => Promise<Done>
    read: (result: AttemptResult) => More
  }>,
): OperatorCommand<Input, More> {
  const command: OperatorCommand<Input, More> = async (input) => {
    const { meta } = input
    const { commandId, expectedRevision, ...who } = meta
    const cause: CommandCause = {
      actor: meta.actor,
      commandId,
      correlationId: meta.correlationId,
      causationId: commandId,
      ...(meta.traceparent === undefined ? {} : { traceparent: meta.traceparent }),
    }
    const own = expectedRevision === undefined ? cause : { ...cause, expectedRevision }
    const context: RunContext = {
      meta,
      newId: tools.ids.derived(definition.name, commandId),
      now: tools.clock.now(),
      handle: (command) => tools.handle(command, cause),
      handleExpected: (command) => tools.handle(command, own),
      handleAt: (revision, command) => tools.handle(command, { ...cause, expectedRevision: revision }),
      handlePart: (part, command) => tools.handle(command, { ...cause, commandId: tools.ids.derived(commandId, part) }),
    }
    const request = {
      ...who,
      commandId,
      name: definition.name,
      subject: definition.subject(input),
      body: definition.body(input),
      ...(expectedRevision === undefined ? {} : { expectedRevision: String(expectedRevision) }),
    }
    const result = await tools.attempt(request, async () => asJson(await definition.run(input, context)))
    const { id, position, revision } = result
    return {
      id,
      position: BigInt(position),
      commandId,
      ...(typeof revision === 'string' ? { revision: BigInt(revision) } : {}),
      ...definition.read(result),
    }
  }
  tools.byName.set(definition.name, async (body, meta) => {
    if (isInput<Input>(body)) await command({ ...body, meta })
  })
  return command
}

/** What `body` made of an input, as it was read back from the log: the name on the record is the proof. */
const isInput = <Input>(_body: JsonObject): _body is JsonObject & Input => true

export type RunContext = Readonly<{
  meta: CommandMeta
  /** The id for what this command creates: the same in every repeat. */
  newId: string
  now: ReturnType<Clock['now']>
  handle: (command: AnyCommand) => Promise<Handled>
  /** Like `handle`, held to the revision that the caller saw. */
  handleExpected: (command: AnyCommand) => Promise<Handled>
  /** Like `handle`, held to a revision that the command itself has looked at. */
  handleAt: (revision: bigint, command: AnyCommand) => Promise<Handled>
  /** For what follows on a stream that this command has written to already: under its own id it would be taken for a repeat. */
  handlePart: (part: string, command: AnyCommand) => Promise<Handled>
}>

export type Done = Readonly<{ id: string; handled: Pick<Handled, 'position' | 'revision'>; more?: JsonObject }>

const asJson = ({ id, handled, more = {} }: Done): AttemptResult => ({
  ...more,
  id,
  position: String(handled.position),
  ...(handled.revision === undefined ? {} : { revision: String(handled.revision) }),
})

/** A command on one aggregate, with nothing to answer but where it stands. */
export function simpleCommand<Input extends { id: string }>(
  tools: OperatorTools,
  name: string,
  command: (input: Readonly<Input>, context: RunContext) => AnyCommand,
  body: (input: Readonly<Input>) => JsonObject = ({ id }) => ({ id }),
): OperatorCommand<Input> {
  return operatorCommand<Input>(tools, {
    name,
    subject: ({ id }) => id,
    body,
    run: async (input, context) => ({ id: input.id, handled: await context.handleExpected(command(input, context)) }),
    read: () => ({}),
  })
}
