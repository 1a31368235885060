/**
 * How often each tool was called, how long it took and how it went: per minute for the last day, per hour and per day for as long as usage is kept. Every
 * figure of a longer time is a sum of these, percentiles included, because sketches add up without a loss.
 */
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import { isError, type RecordedCall, reachedServer } from '../domain/usage/call.ts'
import type { UsageEvent } from '../domain/usage/events.ts'
import { bucketOf, emptySketch, type LatencySketch, mergeSketches } from '../domain/usage/latency-sketch.ts'
import { DAY_MS, floorTo, HOUR_MS, MINUTE_MS, toInstant } from '../domain/usage/windows.ts'
import { cleanText } from './clean-text.ts'
import { defineProjection } from './projection.ts'

export type ToolUsageRow = Readonly<{
  /** `<serverId>~<grain>~<beginning>~<tool>` */
  usageId: string
  serverId: string
  tool: string
  grain: UsageGrain
  /** The first moment of the minute, hour or day. */
  beginsAt: Instant
  /** Sent to the server. */
  calls: number
  errors: number
  cancelled: number
  /** Never sent. */
  refused: number
  bypassed: number
  /** Of `calls`, in whole microseconds, so that a sum is exact. */
  durationUs: number
  longestUs: number
  latency: LatencySketch
  requestBytes: number
  responseBytes: number
  lastCallAt: Instant | null
}>

export type UsageGrain = 'minute' | 'hour' | 'day'

const GRAINS = [
  { grain: 'minute', lengthMs: MINUTE_MS },
  { grain: 'hour', lengthMs: HOUR_MS },
  { grain: 'day', lengthMs: DAY_MS },
] as const

export const toolUsage = defineProjection({
  name: 'tool-usage',
  version: 1,
  table: 'tool_usage',
  columns: {
    usageId: 'text',
    serverId: 'text',
    tool: 'text',
    grain: 'text',
    beginsAt: 'timestamptz',
    calls: 'integer',
    errors: 'integer',
    cancelled: 'integer',
    refused: 'integer',
    bypassed: 'integer',
    durationUs: 'double precision',
    longestUs: 'double precision',
    latency: 'json',
    requestBytes: 'double precision',
    responseBytes: 'double precision',
    lastCallAt: 'timestamptz',
  },
  primaryKey: 'usageId',
  nullable: ['lastCallAt'],
  indexes: [{ columns: ['grain', 'beginsAt'] }, { columns: ['serverId', 'grain', 'beginsAt'] }, { columns: ['serverId', 'tool', 'grain'] }],
  // For the longest window that is taken from it, and the part of it that may lie before its beginning.
  expires: [
    { column: 'beginsAt', only: { column: 'grain', is: 'minute' }, afterMs: () => DAY_MS + 2 * HOUR_MS },
    { column: 'beginsAt', only: { column: 'grain', is: 'hour' }, afterMs: ({ usageMs }) => usageMs + 2 * HOUR_MS },
    { column: 'beginsAt', only: { column: 'grain', is: 'day' }, afterMs: ({ usageMs }) => usageMs + DAY_MS },
  ],
  eventTypes: ['ToolCallsRecorded'],
  keys: (event) => [...slicesOf(event).keys()],
  fold(row: ToolUsageRow | undefined, event, key): ToolUsageRow | 'none' {
    const slice = slicesOf(event).get(key)
    if (slice === undefined) return row ?? 'none'
    return row === undefined ? { ...slice, usageId: key } : added(row, slice)
  },
})

type Slice = Omit<ToolUsageRow, 'usageId'>
type UsageRecorded = Recorded<UsageEvent>

/** A batch is asked for its keys once and then for each of them; it never changes, so neither do its slices. */
const slicesByBatch = new WeakMap<UsageRecorded['data'], ReadonlyMap<string, Slice>>()

function slicesOf({ data }: UsageRecorded): ReadonlyMap<string, Slice> {
  const known = slicesByBatch.get(data)
  if (known !== undefined) return known
  const byMinute = Map.groupBy(data.calls, (call) => `${floorTo(Date.parse(call.startedAt), MINUTE_MS)}~${cleanText(call.tool)}`)
  const slices = new Map<string, Slice>()
  for (const calls of byMinute.values()) {
    const [first] = calls
    if (first === undefined) continue
    const [tool, startedMs] = [cleanText(first.tool), Date.parse(first.startedAt)]
    const figures = figuresOf(calls)
    for (const { grain, lengthMs } of GRAINS) {
      const beginsAt = toInstant(floorTo(startedMs, lengthMs))
      const key = cleanText(`${data.serverId}~${grain}~${beginsAt}~${tool}`)
      const slice = { serverId: data.serverId, tool, grain, beginsAt, ...figures }
      const before = slices.get(key)
      slices.set(key, before === undefined ? slice : added(before, slice))
    }
  }
  slicesByBatch.set(data, slices)
  return slices
}

type Figures = Omit<Slice, 'serverId' | 'tool' | 'grain' | 'beginsAt'>

function figuresOf(calls: readonly RecordedCall[]): Figures {
  const latency: Record<string, number> = {}
  let [sent, errors, cancelled, refused, bypassed] = [0, 0, 0, 0, 0]
  let [durationUs, longestUs, requestBytes, responseBytes] = [0, 0, 0, 0]
  let lastCallAt: Instant | null = null
  for (const { outcome, durationMs, startedAt, ...bytes } of calls) {
    if (outcome === 'refused') refused += 1
    if (outcome === 'bypassed') bypassed += 1
    if (!reachedServer(outcome)) continue
    sent += 1
    if (outcome === 'cancelled') cancelled += 1
    if (isError(outcome)) errors += 1
    const tookUs = Math.round(durationMs * 1_000)
    durationUs += tookUs
    longestUs = Math.max(longestUs, tookUs)
    const bucket = bucketOf(durationMs)
    latency[bucket] = (latency[bucket] ?? 0) + 1
    requestBytes += bytes.requestBytes
    responseBytes += bytes.responseBytes
    lastCallAt = lastOf(lastCallAt, startedAt)
  }
  const took = { durationUs, longestUs, latency: sent === 0 ? emptySketch : latency }
  return { calls: sent, errors, cancelled, refused, bypassed, ...took, requestBytes, responseBytes, lastCallAt }
}

const added = <Into extends Slice>(into: Into, slice: Slice): Into => ({
  ...into,
  calls: into.calls + slice.calls,
  errors: into.errors + slice.errors,
  cancelled: into.cancelled + slice.cancelled,
  refused: into.refused + slice.refused,
  bypassed: into.bypassed + slice.bypassed,
  durationUs: into.durationUs + slice.durationUs,
  longestUs: Math.max(into.longestUs, slice.longestUs),
  latency: mergeSketches(into.latency, slice.latency),
  requestBytes: into.requestBytes + slice.requestBytes,
  responseBytes: into.responseBytes + slice.responseBytes,
  lastCallAt: lastOf(into.lastCallAt, slice.lastCallAt),
})

function lastOf(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b
  return a < b ? b : a
}
