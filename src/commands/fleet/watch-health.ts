/**
 * Asks a running server at intervals whether it answers and lists. One bad answer is no news, two are; and a server that has not answered three
 * times while nobody else was asking anything of it is hung, which ends its life. A busy one is left alone.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { McpSession, McpSessions } from '../../domain/ports/mcp.ts'
import type { HealthFacts } from '../../domain/server/lifecycle.ts'
import type { WhyFailed } from './life-failure.ts'

export type WatchHealthOptions = Readonly<{
  session: McpSession
  sessions: McpSessions
  clock: Clock
  everyMs: number
  jitter: () => number
  hears: Readonly<{ health(facts: HealthFacts): Promise<void> }>
  /** Lists the tools and tells them. */
  list: () => Promise<void>
  signal: AbortSignal
}>

const PROBE_TIMEOUT_MS = 10_000
const BAD_ANSWERS_TO_TELL = 2
const SILENCES_TO_END = 3

/** Settles with the reason to end the life; rejects when the signal aborts. */
export async function watchHealth(options: WatchHealthOptions): Promise<WhyFailed> {
  const { session, clock, everyMs, jitter, hears, signal } = options
  let bad = 0
  let silences = 0
  for (;;) {
    await clock.sleep(everyMs * (0.9 + 0.2 * jitter()), signal)
    const facts = await askOnce(options)
    bad = facts.ready && facts.capable ? 0 : bad + 1
    if (bad === 0 || bad >= BAD_ANSWERS_TO_TELL) await hears.health(facts)
    silences = facts.ready || session.busy() ? 0 : silences + 1
    if (silences >= SILENCES_TO_END) {
      return {
        reason: 'unresponsive',
        says: `it has not answered ${silences} times, while nobody else asked anything of it: ${facts.says ?? ''}`,
      }
    }
  }
}

async function askOnce({ session, sessions, list, signal }: WatchHealthOptions): Promise<HealthFacts> {
  let responseMs: number
  try {
    responseMs = await sessions.probe(session, { timeoutMs: PROBE_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    return { live: true, ready: false, capable: false, says: textOf(error) }
  }
  try {
    await list()
    return { live: true, ready: true, capable: true, responseMs }
  } catch (error) {
    signal.throwIfAborted()
    return { live: true, ready: true, capable: false, responseMs, says: textOf(error) }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
