/** Rules that the page has from elsewhere, because a browser cannot load them from there: each says the same as where it comes from. */
import { describe, expect, test } from 'vitest'
import { alarmingEvents, alertsBefore } from '../../../src/api/page/alerts.js'
import { severityOf } from '../../../src/api/page/event-words.js'
import { troublesOf } from '../../../src/api/page/trouble.js'
import { visible, visibleParts } from '../../../src/api/page/visible.js'
import { spelled } from '../../../src/api/page/words.js'
import { event, exampleEvent } from '../../../src/api/schemas/event.ts'
import { exampleServer, server } from '../../../src/api/schemas/server.ts'
import { alarmingEvents as alarmingOnTheCommandLine } from '../../../src/cli/top/fleet-picture.ts'
import { troublesOf as troublesOnTheCommandLine } from '../../../src/cli/top/trouble.ts'
import { alertKinds } from '../../../src/domain/server/alerts.ts'
import { messageOfEvent, severityOfEvent, typesOfWords } from '../../../src/domain/server/event-words.ts'
import { healthWords, serverStates } from '../../../src/domain/server/lifecycle.ts'
import { visible as visibleOfTheDomain } from '../../../src/domain/text/visible.ts'
import { hostileTexts } from '../../support/hostile-text.ts'

describe('what cannot be seen', () => {
  const blocks = { newlines: 'keep', tabs: 'keep' } as const

  test('is shown as everywhere else, for every code point', () => {
    const differs = (text: string) =>
      visible(text) !== visibleOfTheDomain(text) || visible(text, { lines: true }) !== visibleOfTheDomain(text, blocks)
    const different: string[] = []
    for (let first = 0; first < 0x110000; first += 0x100) {
      // A letter between them: each is by itself.
      const text = Array.from({ length: 0x100 }, (_, index) => `a${String.fromCodePoint(first + index)}`).join('')
      if (differs(text)) different.push(first.toString(16))
    }
    expect(different).toEqual([])
  })

  test.each(hostileTexts.map(({ name, text }) => [name, text]))('%s', (_name, text) => {
    expect(visible(text)).toBe(visibleOfTheDomain(text))
    expect(visible(text, { lines: true })).toBe(visibleOfTheDomain(text, blocks))
  })

  test.each([['e\u0301\ufe0f\u0301\u0301\u0301x'], ['\u0301\u0301\u0301\u0301\u200d\u0301'], ['a\r\n\tb\rc']])(
    'marks and breaks between: %j',
    (text) => {
      expect(visible(text)).toBe(visibleOfTheDomain(text))
      expect(visible(text, { lines: true })).toBe(visibleOfTheDomain(text, blocks))
    },
  )

  test('is told from somebody who writes an escape', () => {
    expect(visibleParts('\u202e')).toEqual([{ text: '\\u{202e}', escaped: true }])
    expect(visibleParts('\\u{202e}')).toEqual([{ text: '\\u{202e}', escaped: false }])
  })
})

test('events are as grave, and called the same, as in the API', () => {
  const types = typesOfWords({})
  expect(types.length).toBeGreaterThan(20)
  for (const type of [...types, 'IncidentOpened']) {
    for (const data of [{}, { because: 'failures' }, { because: 'operator' }, { to: 'unhealthy' }, { to: 'degraded' }, { to: 'healthy' }]) {
      expect(severityOf({ type, data }), type).toBe(severityOfEvent({ type, data }))
    }
    expect(spelled(type)).toBe(messageOfEvent({ type }))
  }
})

test('what is wrong with a server is the same as `steward top` says', () => {
  const example = server.parse(exampleServer)
  const failure = { reason: 'exited' as const, says: 'it went', stderrTail: '', at: example.stateSince }
  const variants: readonly Partial<typeof example>[] = [
    ...serverStates.flatMap((state) => healthWords.map((health) => ({ state, health }))),
    ...serverStates.flatMap((state) => [
      { state, failure },
      { state, failure, restart: { attempt: 2, dueAt: example.stateSince } },
    ]),
    { enabled: false, disabledBecause: 'failures', failure },
    { enabled: false, disabledBecause: 'operator' },
    { state: 'stopped', desired: 'stopped' },
    { executable: { verdict: 'needs-approval', says: 'unknown', argvHash: 'a', approved: false } },
    { executable: { verdict: 'needs-approval', says: 'unknown', argvHash: 'a', approved: true } },
    { tools: { offered: 3, enabled: 1, quarantined: 2 }, pendingInstructions: { told: null } },
    { alerts: alertKinds.map((alert) => ({ alert, value: 2, threshold: 1, since: example.stateSince, says: `beyond ${alert}` })) },
    { health: 'unhealthy', healthFacts: { live: false, ready: false, capable: false, says: 'gone' } },
  ]
  const uses = [
    { calls: 0, errors: 0, p95Ms: null },
    { calls: 4, errors: 4, p95Ms: 5_000 },
    { calls: 10, errors: 2, p95Ms: 1_500 },
  ]
  let told = 0
  for (const variant of variants) {
    for (const use of uses) {
      const shown = { ...example, ...variant }
      const expected = troublesOnTheCommandLine(shown, use).map(({ severity, says, since }) => ({ severity, says, since }))
      expect(troublesOf(shown, use)).toEqual(expected)
      told += expected.length
    }
  }
  expect(told).toBeGreaterThan(30)
})

test('the same events alarm as with `steward top`, and an alert that still stands is not told as one of before', () => {
  expect(alarmingEvents).toEqual(alarmingOnTheCommandLine)
  const example = server.parse(exampleServer)
  const raised = (alert: string, value: number, at: string) => ({
    ...event.parse(exampleEvent),
    ...{ id: at, type: 'ServerAlertRaised', stream: `server-${example.id}`, data: { alert, value, threshold: 1, at } },
  })
  const since = '2026-11-21T10:20:00.000Z'
  const stands = { ...example, alerts: [{ alert: 'p95Ms' as const, value: 2_000, threshold: 1, since, says: 'slow' }] }
  const events = [
    raised('p95Ms', 2_000, since),
    raised('p95Ms', 2_500.4, '2026-11-21T09:00:00.000Z'),
    raised('errorRate', 0.125, '2026-11-21T08:00:00.000Z'),
    raised('memoryBytes', 104_857_600, '2026-11-21T07:00:00.000Z'),
    raised('of another version', 1, '2026-11-21T06:00:00.000Z'),
  ]
  expect(alertsBefore(events, [stands]).map(({ severity, says }) => [severity, says])).toEqual([
    ['warning', '5 % of its calls took longer than 2500 ms'],
    ['warning', '12.5 % of its calls failed'],
    ['warning', 'it used 100 MiB'],
  ])
})
