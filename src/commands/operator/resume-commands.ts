/**
 * Runs operators' commands again that were received and have no outcome, because the instance that received them died: once at the start, and
 * again from time to time for those of other instances. What was done already is found by the id of the command, so nothing is done twice.
 */
import type { EventOf, Recorded } from '../../domain/events.ts'
import { later } from '../../domain/instant.ts'
import type { Agenda } from '../../domain/ports/agenda.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import { ABANDONED_AFTER_MS } from './attempts.ts'
import type { RunAgain } from './operator-command.ts'

export type ResumeCommandsOptions = Readonly<{
  agenda: Pick<Agenda, 'openCommands'>
  log: EventLog
  /** Every operator command, by the name that is on record. */
  commands: ReadonlyMap<string, RunAgain>
  clock: Clock
  logger: Logger
  everyMs?: number
}>

const BATCH = 100

/** Runs until the signal aborts. A command that is running then stays open, and is run again at the next start. */
export async function resumeCommands(options: ResumeCommandsOptions & Readonly<{ signal: AbortSignal }>): Promise<void> {
  const { agenda, clock, logger, signal, everyMs = ABANDONED_AFTER_MS } = options
  /** Those that failed unexpectedly are left for the next start: trying on would only fill the log. */
  const leftAlone = new Set<string>()
  while (!signal.aborted) {
    try {
      const open = await agenda.openCommands(later(clock.now(), -ABANDONED_AFTER_MS), BATCH)
      for (const commandId of open) {
        if (signal.aborted) return
        if (leftAlone.has(commandId)) continue
        await Promise.race([resume(commandId, options), aborted(signal)]).catch((error: unknown) => {
          if (signal.aborted) return
          leftAlone.add(commandId)
          logger.error({ commandId, error }, 'a command that was interrupted could not be run again')
        })
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ error }, 'interrupted commands could not be looked for')
    }
    await clock.sleep(everyMs, signal).catch(() => undefined)
  }
}

async function resume(commandId: string, { log, commands, logger }: ResumeCommandsOptions): Promise<void> {
  const { events } = await log.load(`command-${commandId}`)
  const received = events.find(isReceived)
  if (!received || events.some(({ type }) => type === 'CommandSucceeded' || type === 'CommandFailed')) return
  const { name, body, actor, owner, bodyHash, expectedRevision } = received.data
  const { correlationId, traceparent } = received.metadata
  const runAgain = commands.get(name)
  if (!runAgain) throw new RangeError(`there is no command ${name}`)
  logger.info({ commandId, command: name, correlationId }, 'running an interrupted command again')
  const meta = {
    ...{ actor, owner, commandId, correlationId, bodyHash },
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(expectedRevision === undefined ? {} : { expectedRevision: BigInt(expectedRevision) }),
  }
  try {
    await runAgain(body, meta)
  } catch (error) {
    // A refusal is an outcome, and on record like one.
    if (!(error instanceof CommandRefused)) throw error
  }
}

const isReceived = (event: Recorded): event is Recorded<EventOf<'CommandReceived'>> => event.type === 'CommandReceived'

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
