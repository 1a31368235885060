/** How grave an event of a server is, and what it is about, in the documents' words. */
import { expect, test } from 'vitest'
import {
  categoryOfEvent,
  eventCategories,
  eventSeverities,
  messageOfEvent,
  severityOfEvent,
} from '../../../src/domain/server/event-words.ts'
import { serverEventTypes } from '../../../src/domain/server/events.ts'

const severity = (type: string, data: Readonly<Record<string, unknown>> = {}) => severityOfEvent({ type, data })

test('what needs a person is graver than what Steward does by itself', () => {
  expect(severity('ServerDisabled', { because: 'failures' })).toBe('critical')
  expect(severity('ServerRestartBudgetExhausted')).toBe('critical')
  expect(severity('ServerFailed')).toBe('error')
  expect(severity('ServerRestartScheduled')).toBe('warning')
  expect(severity('ToolQuarantined')).toBe('warning')
  expect(severity('ServerDisabled', { because: 'operator' })).toBe('info')
})

test('a change of health is as grave as what it changed to', () => {
  expect(['healthy', 'degraded', 'unhealthy'].map((to) => severity('ServerHealthChanged', { to }))).toStrictEqual([
    'info',
    'warning',
    'error',
  ])
})

test('every event has a word of each list, and a message in plain words', () => {
  for (const type of serverEventTypes) {
    expect(eventSeverities).toContain(severity(type))
    expect(eventCategories).toContain(categoryOfEvent({ type }))
  }
  expect(
    ['ServerConfigChanged', 'ServerHealthChanged', 'ToolQuarantined', 'ServerStarting'].map((type) => categoryOfEvent({ type })),
  ).toStrictEqual(['configuration', 'health_check', 'security', 'server_lifecycle'])
  expect(messageOfEvent({ type: 'ServerRestartScheduled' })).toBe('server restart scheduled')
})
