/**
 * Asks a target's polls again and again: faults that print no line, and whether the service can be seen at all. Whatever keeps an answer away is
 * told as the reason; only an answer that could be read proves anything.
 */
import type { Fault } from '../../domain/catalogue/fault.ts'
import { findPoll, type Poll, type PollAnswer } from '../../domain/catalogue/polls.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { HostUnreachable, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { isAnswerless, probeHealth, type SeenHealth } from '../effects/probing.ts'
import { type Reach, type Reached, TargetGone } from '../effects/reach.ts'
import { isOutage } from '../retry.ts'
import { QuietPeriod } from './quiet-period.ts'
import type { RecordAnomaly } from './record-anomaly.ts'
import { detectionOf, type Tools } from './sighting.ts'
import type { Unseen } from './visibility.ts'
import type { WatchFigures } from './watch-figures.ts'

export type PollTargetOptions = Readonly<{
  targetId: string
  faults: readonly Fault[]
  reach: Reach
  record: RecordAnomaly
  clock: Clock
  tools: Tools
  figures: WatchFigures
  logger: Logger
  /** Undefined when the service can be seen, else why not. */
  visible: (unseen: Unseen | undefined) => Promise<void>
  everyMs: number
  signal: AbortSignal
}>

/** Default time between two looks. */
export const POLL_EVERY_MS = 15_000

/** Runs until the signal aborts, or the target is gone. */
export async function pollTarget(options: PollTargetOptions): Promise<void> {
  const { clock, visible, everyMs, signal } = options
  const asking: Asking = { ...options, polled: pollsOf(options.faults), previous: new Map(), quiet: new QuietPeriod() }
  while (!signal.aborted) {
    const seen = await look(asking)
    // What we broke off ourselves says nothing of the service.
    if (seen === 'gone' || signal.aborted) return
    await visible(seen === 'seen' ? undefined : seen)
    await clock.sleep(everyMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}

type Polled = Readonly<{ poll: Poll; fault: Fault }>
type Asking = PollTargetOptions & Readonly<{ polled: readonly Polled[]; previous: Map<string, JsonObject>; quiet: QuietPeriod }>

const pollsOf = (faults: readonly Fault[]): readonly Polled[] =>
  faults.flatMap((fault) =>
    fault.detect.flatMap((detection): Polled[] => {
      const poll = detection.kind === 'poll' ? findPoll(detection.probe) : undefined
      return poll ? [{ poll, fault }] : []
    }),
  )

/**
 * One look at everything.
 * @throws when the event store is away: then nothing can be said.
 */
async function look(asking: Asking): Promise<'seen' | 'gone' | Unseen> {
  const { targetId, reach, polled, figures, logger, signal } = asking
  try {
    const reached = await reach(targetId)
    const health = await probeHealth(reached, signal)
    if (signal.aborted) return 'gone'
    figures.polled('health', health.level)
    const reasons: string[] = health.level === 'unknown' ? [health.says?.text ?? 'the service does not say how it is'] : []
    for (const each of polled) {
      const { outcome, unread } = await ask(asking, each, reached, health)
      if (signal.aborted) return 'gone'
      figures.polled(each.poll.name, outcome)
      if (unread !== undefined) reasons.push(`${each.poll.name}: ${unread}`)
    }
    const [reason] = reasons
    return reason === undefined ? 'seen' : { reason, host: 'reached' }
  } catch (error) {
    if (error instanceof TargetGone || signal.aborted) return 'gone'
    if (isOutage(error)) throw error
    if (error instanceof HostUnreachable) {
      figures.polled('health', 'unreachable')
      // A server that opens no channel for us is there all the same.
      return { reason: error.message, host: error.rule === 'channel-refused' ? 'reached' : 'lost' }
    }
    figures.polled('health', 'failed')
    logger.warn({ targetId, error }, 'a target could not be asked')
    return { reason: `the service cannot be asked: ${error instanceof Error ? error.message : String(error)}`, host: 'unknown' }
  }
}

type Asked = Readonly<{ outcome: 'present' | 'absent' | 'unreadable' | 'refused' | 'no-answer'; unread?: string }>

async function ask(
  { record, clock, tools, signal, previous, quiet }: Asking,
  { poll, fault }: Polled,
  reached: Reached,
  health: SeenHealth,
): Promise<Asked> {
  let answer: PollAnswer | undefined
  try {
    answer = poll.judge(await reached.execute(poll.run, { signal }), previous.get(poll.name))
  } catch (error) {
    if (!isAnswerless(error)) throw error
    const isRefused = error instanceof ServiceRefused
    // That a service which is down refuses is seen, not unseen.
    return { outcome: isRefused ? 'refused' : 'no-answer', ...(isRefused && health.level === 'down' ? {} : { unread: error.message }) }
  }
  if (!answer) return { outcome: 'unreadable', unread: 'the answer cannot be read' }
  previous.set(poll.name, answer.facts)
  // Probes of PostgreSQL say so when the role sees only its own sessions: then no count proves that all is well.
  if (answer.facts['visible'] === false) return { outcome: 'unreadable', unread: 'the account may not see all of it' }
  if (!answer.present) return { outcome: 'absent' }
  const detection = detectionOf(
    {
      target: reached.target.registration,
      source: { kind: 'poll', probe: poll.name },
      text: answer.says,
      as: { kind: 'fault', fault, hints: {} },
      at: clock.now(),
    },
    tools,
  )
  if (quiet.see(detection, undefined) === 'record') {
    await record.detected(detection)
    quiet.recorded(detection)
  }
  return { outcome: 'present' }
}
