/**
 * Which stretch of time a figure is about. A period ends now and begins so long ago, at the whole minute (1h, 24h) or whole hour (7d, 30d, 90d)
 * before that; today, this week and this month are those of the calendar in UTC, whatever the period. A call belongs to the moment of its start.
 */
import { type Instant, instant } from '../instant.ts'

export const periods = ['1h', '24h', '7d', '30d', '90d'] as const
export type Period = (typeof periods)[number]

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const LENGTH_MS: Readonly<Record<Period, number>> = {
  '1h': HOUR_MS,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
}

/** Taken together from counts per minute up to `hoursFrom`, per hour up to `daysFrom`, per day from then on: no call twice, none left out. */
export type UsageWindow = Readonly<{ from: Instant; hoursFrom: Instant; daysFrom: Instant }>

export function windowOf(period: Period, now: Instant): UsageWindow {
  const beginsMs = Date.parse(now) - LENGTH_MS[period]
  const fromMs = floorTo(beginsMs, LENGTH_MS[period] > DAY_MS ? HOUR_MS : MINUTE_MS)
  const hoursFromMs = ceilTo(fromMs, HOUR_MS)
  return { from: toInstant(fromMs), hoursFrom: toInstant(hoursFromMs), daysFrom: toInstant(ceilTo(hoursFromMs, DAY_MS)) }
}

/** The first moments of today, of this week (Monday) and of this month. */
export function calendarOf(now: Instant): Readonly<{ today: Instant; week: Instant; month: Instant }> {
  const date = new Date(now)
  const todayMs = floorTo(date.getTime(), DAY_MS)
  const daysSinceMonday = (date.getUTCDay() + 6) % 7
  return {
    today: toInstant(todayMs),
    week: toInstant(todayMs - daysSinceMonday * DAY_MS),
    month: toInstant(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)),
  }
}

/** The first moments of the last so many days, today the last of them. */
export function lastDays(now: Instant, days: number): readonly Instant[] {
  const todayMs = floorTo(Date.parse(now), DAY_MS)
  return Array.from({ length: days }, (_, index) => toInstant(todayMs - (days - 1 - index) * DAY_MS))
}

export const floorTo = (ms: number, stepMs: number): number => Math.floor(ms / stepMs) * stepMs
const ceilTo = (ms: number, stepMs: number): number => Math.ceil(ms / stepMs) * stepMs
export const toInstant = (ms: number): Instant => instant(new Date(ms).toISOString())
