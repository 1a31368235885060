/** Asks a target's polls again and again: faults that print no line, and whether the service can be seen at all. */
import type { Fault } from '../../domain/catalogue/fault.ts'
import { findPoll, type Poll } from '../../domain/catalogue/polls.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { HostUnreachable } from '../../domain/ports/remote-host.ts'
import { isAnswerless, probeHealth } from '../effects/probing.ts'
import { type Reach, type Reached, TargetGone } from '../effects/reach.ts'
import { QuietPeriod } from './quiet-period.ts'
import type { RecordAnomaly } from './record-anomaly.ts'
import { detectionOf, type Tools } from './sighting.ts'

export type PollTargetOptions = Readonly<{
  targetId: string
  faults: readonly Fault[]
  reach: Reach
  record: RecordAnomaly
  clock: Clock
  tools: Tools
  /** Undefined when the service can be seen, else why not. */
  visible: (reason: string | undefined) => Promise<void>
  everyMs: number
  signal: AbortSignal
}>

/** Default time between two looks. */
export const POLL_EVERY_MS = 15_000

type Polled = Readonly<{ poll: Poll; fault: Fault }>

/** Runs until the signal aborts. */
export async function pollTarget(options: PollTargetOptions): Promise<void> {
  const { targetId, faults, reach, clock, visible, everyMs, signal } = options
  const quiet = new QuietPeriod()
  const previous = new Map<string, JsonObject>()
  const polled = faults.flatMap((fault) =>
    fault.detect.flatMap((detection): Polled[] => {
      const poll = detection.kind === 'poll' ? findPoll(detection.probe) : undefined
      return poll ? [{ poll, fault }] : []
    }),
  )
  while (!signal.aborted) {
    try {
      const reached = await reach(targetId)
      const health = await probeHealth(reached, signal)
      await visible(health.level === 'unknown' ? (health.says?.text ?? 'the service does not say how it is') : undefined)
      for (const each of polled) await ask(options, each, reached, previous, quiet)
    } catch (error) {
      if (error instanceof TargetGone) return
      if (!(error instanceof HostUnreachable)) throw error
      await visible(error.message)
    }
    await clock.sleep(everyMs, signal)
  }
}

async function ask(
  { record, clock, tools, signal }: PollTargetOptions,
  { poll, fault }: Polled,
  reached: Reached,
  previous: Map<string, JsonObject>,
  quiet: QuietPeriod,
): Promise<void> {
  try {
    const answer = poll.judge(await reached.execute(poll.run, { signal }), previous.get(poll.name))
    if (!answer) return
    previous.set(poll.name, answer.facts)
    if (!answer.present) return
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
    if (quiet.see(detection, undefined) === 'record') await record.detected(detection)
  } catch (error) {
    if (!isAnswerless(error)) throw error
  }
}
