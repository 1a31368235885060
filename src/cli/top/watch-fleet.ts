/**
 * Looks at the fleet again and again: at an interval, and soon after the log tells of a change. A Steward that goes away is waited for, with the last
 * picture as it was; only what waiting cannot mend - a key that is no longer good - ends it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { ApiRefusal } from '../client/api-refusal.ts'
import { createClient, type StewardClient } from '../client/client.ts'
import { readEventStream } from '../client/event-stream.ts'
import type { Doorbell } from './doorbell.ts'
import type { FleetPicture } from './fleet-picture.ts'
import { type LookOptions, lookAtFleet } from './look.ts'

export type Look = Readonly<{
  picture: FleetPicture
  /** It does not answer; the picture is the last there was. */
  away: Readonly<{ says: string; sinceMs: number }> | undefined
}>

export type WatchOptions = LookOptions &
  Readonly<{
    url: string
    key: string | undefined
    intervalMs: number
    bell: Doorbell
    signal: AbortSignal
  }>

/** Many changes at once are one look. */
const LEAST_BETWEEN_MS = 1_000
/** A dashboard that waits longer shows the past. */
const LOOK_WITHIN_MS = 10_000
const FIRST_PAUSE_MS = 500

/**
 * Ends when the signal aborts.
 * @throws CliError or ApiRefusal of the first look, and later what waiting cannot mend.
 */
export async function* watchFleet({ url, key, intervalMs, bell, signal, ...look }: WatchOptions): AsyncGenerator<Look> {
  const ended = new AbortController()
  const watching = AbortSignal.any([signal, ended.signal])
  const listening = ringAtChanges(createClient({ url, key, signal: watching }), bell, watching)
  let last: FleetPicture | undefined
  let away: Look['away']
  let failures = 0
  try {
    while (!signal.aborted) {
      const beganMs = look.nowMs()
      try {
        last = await once(watching, (within) => lookAtFleet(createClient({ url, key, signal: within }), look))
        away = undefined
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (last === undefined || !passes(error)) throw error
        failures += 1
        away = { says: error instanceof Error ? error.message : String(error), sinceMs: away?.sinceMs ?? beganMs }
      }
      yield { picture: last, away }
      await delay(LEAST_BETWEEN_MS, undefined, { signal }).catch(() => undefined)
      const pauseMs = away === undefined ? intervalMs : Math.min(FIRST_PAUSE_MS * 2 ** failures, intervalMs)
      await bell.wait(Math.max(0, pauseMs - LEAST_BETWEEN_MS), signal)
    }
  } finally {
    ended.abort()
    await listening
  }
}

async function once(signal: AbortSignal, look: (within: AbortSignal) => Promise<FleetPicture>): Promise<FleetPicture> {
  const late = AbortSignal.timeout(LOOK_WITHIN_MS)
  try {
    return await look(AbortSignal.any([signal, late]))
  } catch (error) {
    throw late.aborted && !signal.aborted
      ? new Error(`Steward has not answered within ${LOOK_WITHIN_MS / 1_000} s`, { cause: error })
      : error
  }
}

/** What waiting may mend: nobody answers, or what answers cannot now. */
const passes = (error: unknown): boolean => !(error instanceof ApiRefusal) || error.status >= 500 || error.status === 429

const CHANGES = '/api/v1/events/stream'
const LONGEST_PAUSE_MS = 10_000

/** Rings at each change, and when the feed ends or is there again: then it is worth a look too. Never fails: without the feed there is the interval. */
async function ringAtChanges(client: StewardClient, bell: Doorbell, signal: AbortSignal): Promise<void> {
  let wasBroken = false
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      const body = await client.stream(CHANGES, { query: { category: 'server' }, accept: 'text/event-stream', signal })
      if (wasBroken) bell.ring()
      wasBroken = true
      pauseMs = FIRST_PAUSE_MS
      for await (const { data } of readEventStream(body)) if (data !== undefined) bell.ring()
      bell.ring()
    } catch (error) {
      // One that may see servers and not the log looks at the interval.
      if (error instanceof ApiRefusal && error.status === 403) return
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}
