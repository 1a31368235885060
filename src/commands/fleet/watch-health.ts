/**
 * Asks a running server at intervals whether it answers and lists. One bad answer is no news, two are; and a server that has not answered three
 * times while nobody else was asking anything of it is hung, which ends its life. A busy one is left alone.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import { McpRequestFailed, type McpSession, type McpSessions } from '../../domain/ports/mcp.ts'
import type { HealthFacts } from '../../domain/server/lifecycle.ts'
import type { Slots } from '../../domain/slots.ts'
import type { WhyFailed } from './life-failure.ts'

export type WatchHealthOptions = Readonly<{
  session: McpSession
  sessions: McpSessions
  clock: Clock
  everyMs: number
  jitter: () => number
  hears: Readonly<{
    /** Every answer, as it was. */
    probed(facts: HealthFacts): void
    /** What is taken to be so, and told each time. */
    health(facts: HealthFacts): Promise<void>
  }>
  /** Lists the tools. */
  list: () => Promise<void>
  /** Over all servers: a hundred that were started together are not all asked in the same moment. */
  probes: Slots
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
    const facts = await askInTurn(options)
    hears.probed(facts)
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

async function askInTurn(options: WatchHealthOptions): Promise<HealthFacts> {
  const free = await options.probes.take(options.signal)
  try {
    return await askOnce(options)
  } finally {
    free()
  }
}

async function askOnce({ session, sessions, list, signal }: WatchHealthOptions): Promise<HealthFacts> {
  let responseMs: number
  try {
    responseMs = await sessions.probe(session, { timeoutMs: PROBE_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    return { live: !isUnreachable(error), ready: false, capable: false, says: textOf(error) }
  }
  try {
    await list()
    return { live: true, ready: true, capable: true, responseMs }
  } catch (error) {
    signal.throwIfAborted()
    return { live: true, ready: true, capable: false, responseMs, says: textOf(error) }
  }
}

/** A program that has ended ends its run; an address has no process, and is there when something answers at it. */
const isUnreachable = (error: unknown): boolean => error instanceof McpRequestFailed && error.rule === 'unreachable'

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
