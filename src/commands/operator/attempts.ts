/**
 * Every operator command leaves its own stream: received, then succeeded or failed. The same id with the same body answers with the first outcome
 * again, refusals included. A command that was received and has no outcome - its instance died - is run again by the next repeat, or at start.
 */
import type { CommandReceipt } from '../../domain/command/events.ts'
import type { EventOf, Recorded } from '../../domain/events.ts'
import { elapsedMs } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import { ConcurrencyConflict, type ExpectedRevision, type StreamName } from '../../domain/ports/event-store.ts'
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import { CommandRefused } from '../command-refused.ts'
import type { Cause, EventLog } from '../event-log.ts'

export type AttemptRequest = Omit<CommandReceipt, 'at'> & Readonly<{ correlationId: string; traceparent?: string }>

/** What a command answers with, in JSON: positions and revisions are decimal strings. */
export type AttemptResult = JsonObject & Readonly<{ id: string; position: string }>

export type Attempt = (request: AttemptRequest, work: () => Promise<AttemptResult>) => Promise<AttemptResult>

/** How long the loser of a race waits for the winner. */
const WAIT_MS = 3_000
const WAIT_EVERY_MS = 50
/** An attempt without an outcome is taken for dead after this time. */
export const ABANDONED_AFTER_MS = 30_000

export const createAttempt =
  ({ log, clock }: { log: EventLog; clock: Clock }): Attempt =>
  async (request, work) => {
    const stream: StreamName = `command-${request.commandId}`
    const cause = causeOf(request)
    const { correlationId: _correlationId, traceparent: _traceparent, ...receipt } = request
    const received = { type: 'CommandReceived', data: { ...receipt, at: clock.now() } } as const
    let expected: ExpectedRevision
    try {
      expected = (await log.append(stream, 'no-stream', [received], cause)).revision
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error
      const known = await knownOutcome(stream, request, { log, clock })
      if ('result' in known) return known.result
      expected = known.abandonedAt
    }
    const begun = clock.now()
    const record = async (event: EventOf<'CommandSucceeded'> | EventOf<'CommandFailed'>): Promise<void> => {
      try {
        await log.append(stream, expected, [event], cause)
      } catch (error) {
        // A repeat that took this attempt for dead has recorded the same outcome.
        if (!(error instanceof ConcurrencyConflict)) throw error
      }
    }
    const { commandId } = request
    try {
      const result = await work()
      const at = clock.now()
      await record({ type: 'CommandSucceeded', data: { commandId, result, durationMs: elapsedMs(begun, at), at } })
      return result
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      const at = clock.now()
      const refusal = { rule: error.rule, facts: error.facts }
      await record({ type: 'CommandFailed', data: { commandId, refusal, durationMs: elapsedMs(begun, at), at } })
      throw error
    }
  }

type Known = Readonly<{ result: AttemptResult }> | Readonly<{ abandonedAt: bigint }>

async function knownOutcome(stream: StreamName, request: AttemptRequest, { log, clock }: { log: EventLog; clock: Clock }): Promise<Known> {
  const began = clock.now()
  for (;;) {
    const { events } = await log.load(stream)
    const receipt = events.find(isReceipt)
    if (!receipt) throw new TypeError(`${stream} does not begin with CommandReceived`)
    if (receipt.data.bodyHash !== request.bodyHash) throw new CommandRefused({ rule: 'idempotency-mismatch', facts: {} })
    for (const event of events) {
      if (event.type === 'CommandSucceeded') return { result: asResult(event.data.result) }
      if (event.type === 'CommandFailed') throw new CommandRefused(event.data.refusal)
    }
    if (elapsedMs(receipt.data.at, clock.now()) >= ABANDONED_AFTER_MS) return { abandonedAt: receipt.revision }
    if (elapsedMs(began, clock.now()) >= WAIT_MS) throw new CommandRefused({ rule: 'command-in-progress', facts: {} })
    await clock.sleep(WAIT_EVERY_MS)
  }
}

const isReceipt = (event: Recorded): event is Recorded<EventOf<'CommandReceived'>> => event.type === 'CommandReceived'

function asResult(result: JsonObject): AttemptResult {
  const { id, position } = result
  if (!isText(id) || !isText(position)) throw new TypeError('a recorded result has no id or position')
  return { ...result, id, position }
}

const isText = (value: Json | undefined): value is string => typeof value === 'string'

const causeOf = ({ commandId, correlationId, actor, traceparent }: AttemptRequest): Cause => ({
  actor,
  commandId,
  correlationId,
  causationId: commandId,
  ...(traceparent === undefined ? {} : { traceparent }),
})
