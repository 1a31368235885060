/** Rules that the page has from elsewhere, because a browser cannot load them from there: each says the same as where it comes from. */
import { describe, expect, test } from 'vitest'
import { severityOf } from '../../../src/api/page/event-words.js'
import { troublesOf } from '../../../src/api/page/trouble.js'
import { visible, visibleParts } from '../../../src/api/page/visible.js'
import { spelled } from '../../../src/api/page/words.js'
import { exampleServer, server } from '../../../src/api/schemas/server.ts'
import { troublesOf as troublesOnTheCommandLine } from '../../../src/cli/top/trouble.ts'
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
