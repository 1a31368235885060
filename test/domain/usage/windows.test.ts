import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instant } from '../../../src/domain/instant.ts'
import { calendarOf, lastDays, type Period, periods, windowOf } from '../../../src/domain/usage/windows.ts'

const anyMoment = fc
  .date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  .map((date) => instant(date.toISOString()))
const lengthMs: Record<Period, number> = { '1h': 3.6e6, '24h': 8.64e7, '7d': 7 * 8.64e7, '30d': 30 * 8.64e7, '90d': 90 * 8.64e7 }

test('a period begins at the whole minute or hour at or before its length ago', () => {
  const now = instant('2026-11-21T10:30:45.123Z')
  expect(periods.map((period) => windowOf(period, now).from)).toEqual([
    '2026-11-21T09:30:00.000Z',
    '2026-11-20T10:30:00.000Z',
    '2026-11-14T10:00:00.000Z',
    '2026-10-22T10:00:00.000Z',
    '2026-08-23T10:00:00.000Z',
  ])
})

test('minutes, hours and days of a window follow each other without a gap, whatever the moment', () => {
  fc.assert(
    fc.property(anyMoment, fc.constantFrom(...periods), (now, period) => {
      const { from, hoursFrom, daysFrom } = windowOf(period, now)
      const early = Date.parse(now) - lengthMs[period] - Date.parse(from)
      expect(early).toBeGreaterThanOrEqual(0)
      expect(early).toBeLessThan(lengthMs[period] > 8.64e7 ? 3.6e6 : 60_000)
      expect(from <= hoursFrom && hoursFrom <= daysFrom).toBe(true)
      expect(hoursFrom).toMatch(/:00:00\.000Z$/)
      expect(daysFrom).toMatch(/T00:00:00\.000Z$/)
      if (lengthMs[period] > 8.64e7) expect(hoursFrom).toBe(from)
    }),
  )
})

describe('the calendar', () => {
  test.each([
    ['2026-11-21T10:30:00.000Z', '2026-11-16', '2026-11-01'],
    ['2026-11-23T00:00:00.000Z', '2026-11-23', '2026-11-01'],
    ['2026-11-22T23:59:59.999Z', '2026-11-16', '2026-11-01'],
    ['2027-01-01T00:00:00.000Z', '2026-12-28', '2027-01-01'],
  ])('of %s', (now, week, month) => {
    const calendar = calendarOf(instant(now))
    expect([calendar.today, calendar.week, calendar.month]).toEqual([now.slice(0, 10), week, month].map((day) => `${day}T00:00:00.000Z`))
  })

  test('names thirty days, today the last', () => {
    const days = lastDays(instant('2026-03-01T12:00:00.000Z'), 30)
    expect([days.length, days[0], days[28], days[29]]).toEqual([
      30,
      '2026-01-31T00:00:00.000Z',
      '2026-02-28T00:00:00.000Z',
      '2026-03-01T00:00:00.000Z',
    ])
  })
})
