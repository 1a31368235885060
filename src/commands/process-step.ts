/**
 * Handles one input of one process instance: fold what it handled, record the input with its outputs in one append, then issue the commands.
 * A crash anywhere leaves either nothing, or a record whose commands are issued again; their ids make that harmless.
 */
import type { DomainEvent, Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { Clock } from '../domain/ports/clock.ts'
import { AppendTooLarge, type ExpectedRevision } from '../domain/ports/event-store.ts'
import type { Ids } from '../domain/ports/ids.ts'
import type { Output } from '../domain/processes/process-manager.ts'
import type { HandleCommand } from './aggregate-commands.ts'
import type { BoundProcess, ProcessInstance } from './bound-process.ts'
import { causedBy } from './caused-by.ts'
import { CommandRefused } from './command-refused.ts'
import type { EventLog } from './event-log.ts'
import { parkInstance } from './park-instance.ts'
import { type ProcessStream, processStreamOf } from './process-stream.ts'
import { decidedAgain } from './retry.ts'

export type ProcessStepOptions = Readonly<{ process: BoundProcess; log: EventLog; handle: HandleCommand; ids: Ids; clock: Clock }>

/** @returns what became of the input. `ignored`: it means nothing to the instance, or was handled before. */
export type ProcessStep = (
  input: Recorded,
  options?: Readonly<{
    /** The instance was un-parked, and this is one of the inputs that it missed. */
    catchingUp?: boolean
  }>,
) => Promise<'handled' | 'ignored' | 'parked'>

export function createProcessStep(options: ProcessStepOptions): ProcessStep {
  const { process, log, ids } = options
  const read = process.instancesIn(log, ids)
  return async (input, { catchingUp = false } = {}) => {
    const instance = process.instanceOf(input)
    if (instance === undefined) return 'ignored'
    const context: StepContext = { ...options, read: () => read(instance), instance, input, catchingUp }
    const outcome = await decidedAgain(() => record(context))
    if (outcome.kind === 'recorded') await issueCommands(context, outcome.stream)
    return outcome.kind === 'recorded' ? 'handled' : outcome.kind
  }
}

type StepContext = ProcessStepOptions &
  Readonly<{ instance: string; read: () => Promise<ProcessInstance>; input: Recorded; catchingUp: boolean }>
type Outcome = Readonly<{ kind: 'recorded'; stream: ProcessStream }> | Readonly<{ kind: 'ignored' | 'parked' }>

async function record(context: StepContext): Promise<Outcome> {
  const { process, instance, read, input, catchingUp, log, clock } = context
  const { stream, expected, next } = await read()
  if (stream.parked || stream.skipped.has(input.position)) return { kind: 'parked' }
  // Handled before, but perhaps the crash came before its commands: issue them again.
  if (stream.lastInput === input.position) return { kind: 'recorded', stream }
  if (stream.lastInput !== undefined && input.position < stream.lastInput) return { kind: 'ignored' }
  if (stream.resumedAt !== undefined && input.position < stream.resumedAt && !catchingUp) return { kind: 'parked' }

  let outputs: readonly Output[] | undefined
  try {
    outputs = next(input, { now: timeOf(input) })
  } catch (error) {
    return park(context, expected, error)
  }
  if (!outputs) return { kind: 'ignored' }
  const encoded = log.codec.encode(input, input.metadata)
  const handledInput: DomainEvent = {
    type: 'InputHandled',
    data: {
      process: process.name,
      instance,
      position: String(input.position),
      eventId: input.metadata.eventId,
      input: { type: encoded.type, schemaVersion: encoded.metadata.schemaVersion, data: encoded.data },
      at: clock.now(),
    },
  }
  const recorded = outputs.map((output, index) => outputEvent(output, index, context))
  try {
    await log.append(processStreamOf(process.name, instance), expected, [handledInput, ...recorded], causedBy(input))
  } catch (error) {
    if (error instanceof AppendTooLarge) return park(context, expected, error)
    throw error
  }
  return { kind: 'recorded', stream: (await read()).stream }
}

async function park(context: StepContext, expected: ExpectedRevision, cause: unknown): Promise<Outcome> {
  await parkInstance(context, context.input, expected, cause)
  return { kind: 'parked' }
}

async function issueCommands(context: StepContext, stream: ProcessStream): Promise<void> {
  const { process, instance, read, log, handle, clock } = context
  for (const { data, metadata } of stream.issued) {
    const { commandId, command } = data
    if (stream.refusedCommands.has(commandId)) continue
    const cause = { actor: metadata.actor, correlationId: metadata.correlationId, causationId: metadata.eventId, commandId }
    try {
      await handle(command, cause)
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      const { rule, facts } = error
      const refused = { process: process.name, instance, commandId, command: command.command.type, rule, facts, at: clock.now() }
      await decidedAgain(async () => {
        const { stream: now, expected } = await read()
        if (now.refusedCommands.has(commandId)) return
        await log.append(processStreamOf(process.name, instance), expected, [{ type: 'CommandRefused', data: refused }], cause)
      })
    }
  }
}

function outputEvent(output: Output, index: number, { process, instance, input, ids, clock }: StepContext): DomainEvent {
  const ref = { process: process.name, instance }
  switch (output.kind) {
    case 'command': {
      const commandId = ids.derived('command', process.name, instance, String(input.position), String(index))
      return { type: 'CommandIssued', data: { ...ref, commandId, command: output.command } }
    }
    case 'effect':
      return { type: 'EffectRequested', data: { ...ref, effectId: output.effectId, request: output.request, at: clock.now() } }
    case 'timeout':
      return { type: 'TimeoutScheduled', data: { ...ref, timerId: output.timerId, name: output.name, dueAt: output.dueAt } }
    case 'cancel-timeout':
      return { type: 'TimeoutCancelled', data: { ...ref, timerId: output.timerId, name: output.name } }
  }
}

/** The store's clock may be behind the one that fired a timer: what was due must not look as if it were not yet. */
const timeOf = (input: Recorded): Instant =>
  input.type === 'TimeoutElapsed' && input.data.at > input.recordedAt ? input.data.at : input.recordedAt
