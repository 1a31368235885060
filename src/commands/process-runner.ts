/**
 * Feeds one process manager with its inputs, in the order of the log. The checkpoint is owned by one instance of Steward at a time, but only to
 * save double work: what was handled is known by the process streams, and a second runner can do no harm.
 */
import type { Recorded } from '../domain/events.ts'
import type { Checkpoints } from '../domain/ports/checkpoints.ts'
import type { Clock } from '../domain/ports/clock.ts'
import { type Codec, UndecodableEvent } from '../domain/ports/codec.ts'
import type { Position, RecordedEvent } from '../domain/ports/event-store.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import type { BoundProcess } from './bound-process.ts'
import type { EventLog } from './event-log.ts'
import { followClaimed } from './follow-claimed.ts'
import { parkUnread } from './park-instance.ts'
import type { ProcessStep } from './process-step.ts'
import { readProcessStream } from './process-stream.ts'
import { decidedAgain, throughOutages } from './retry.ts'

export type ProcessRunnerOptions = Readonly<{
  process: BoundProcess
  step: ProcessStep
  log: EventLog
  checkpoints: Checkpoints
  clock: Clock
  logger: Logger
  metrics: Metrics
  batchSizeEvents?: number
}>

/** Runs until the signal aborts. */
export async function runProcess(options: ProcessRunnerOptions & Readonly<{ signal: AbortSignal }>): Promise<void> {
  const { process, log, checkpoints, clock, logger, signal, batchSizeEvents = 200 } = options
  const onOutage = (error: unknown, waitMs: number) =>
    logger.warn({ process: process.name, error, waitMs }, 'the event store is away; the process waits')
  const introduced = await throughOutages(() => introduce(options), { clock, signal, onOutage })
  let position = (await checkpoints.load(process.name)) ?? introduced
  const types = [...process.inputs, 'InstanceUnparked']
  const handle = (event: RecordedEvent) => handleEvent(options, event)
  while (!signal.aborted) {
    const following = { name: process.name, after: position, types, handle, store: log.store, checkpoints, clock, signal, onOutage }
    position = await followClaimed({ ...following, batchSizeEvents })
  }
}

async function handleEvent({ process, step, log, clock, logger, metrics }: ProcessRunnerOptions, item: RecordedEvent): Promise<void> {
  const event = decoded(log.codec, item)
  if (event instanceof UndecodableEvent) {
    // Told by its ids: this instance stops, and no other. When not even they can be told, the whole process does.
    const instance = process.instanceOfUnread(item)
    if (instance === undefined) return
    await parkUnread({ process, instance, log, clock }, item, event)
    logger.error({ process: process.name, instance, error: event }, 'instance parked: an input cannot be read')
    return
  }
  if (event.type === 'InstanceUnparked') {
    if (event.data.process === process.name) await catchUp({ process, step, log, clock }, event)
    return
  }
  const outcome = await step(event)
  if (outcome === 'handled') metrics.count('steward_process_events_total', { process: process.name })
  if (outcome === 'parked') {
    logger.error({ process: process.name, eventId: event.metadata.eventId, correlationId: event.metadata.correlationId }, 'instance parked')
  }
}

/** An instance that was parked has missed its inputs since then: reads them again, in order, up to the moment it was un-parked. */
async function catchUp(
  { process, step, log, clock }: Pick<ProcessRunnerOptions, 'process' | 'step' | 'log' | 'clock'>,
  unparked: Extract<Recorded, { type: 'InstanceUnparked' }>,
): Promise<void> {
  const { instance, way } = unparked.data
  const { events } = await log.load(unparked.stream)
  const parked = events.findLast((event) => event.type === 'InstanceParked' && event.position < unparked.position)
  if (parked?.type !== 'InstanceParked') return
  const parkedAt = BigInt(parked.data.position)
  // From where it stood when it was parked, not from where it stands: a crash half-way may have left commands that were not issued.
  const { lastInput: after } = readProcessStream(events.filter(({ revision }) => revision <= parked.revision))
  for await (const item of log.store.readAll({ ...(after === undefined ? {} : { after }), types: process.inputs })) {
    if ('checkpoint' in item) continue
    if (item.position >= unparked.position) return
    if (way === 'skip' && item.position === parkedAt) continue
    const event = decoded(log.codec, item)
    if (event instanceof UndecodableEvent) {
      if (process.instanceOfUnread(item) === instance) await parkUnread({ process, instance, log, clock }, item, event)
    } else if (process.instanceOf(event) === instance) await step(event, { catchingUp: true })
  }
}

function decoded(codec: Codec, item: RecordedEvent): Recorded | UndecodableEvent {
  try {
    return codec.decode(item)
  } catch (error) {
    if (error instanceof UndecodableEvent) return error
    throw error
  }
}

/** Records once where a process begins, so that one added later does not answer all of history. */
async function introduce({ process, log, clock }: ProcessRunnerOptions): Promise<Position | undefined> {
  return decidedAgain(async () => {
    const stream = `process-${process.name}` as const
    const { events } = await log.load(stream)
    const [first] = events
    if (first?.type === 'ProcessIntroduced') return first.data.from === 'start' ? undefined : BigInt(first.data.from)
    const head = process.introducedFrom === 'start' ? undefined : await log.store.head()
    const data = { process: process.name, from: head === undefined ? 'start' : String(head), at: clock.now() }
    const cause = { actor: 'steward', correlationId: stream, causationId: stream }
    await log.append(stream, 'no-stream', [{ type: 'ProcessIntroduced', data }], cause)
    return head
  })
}
