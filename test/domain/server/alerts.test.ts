/** When a server alerts of what was measured, and when it is quiet again. */
import { expect, test } from 'vitest'
import { alertText } from '../../../src/domain/server/alerts.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { config, now, registered, running, serverId, spec, starting, told, wanted } from './given.ts'

const MIB = 1_048_576
const watched = registered({ alerts: { errorRate: 0.1, p95Ms: 1_000, memoryBytes: 100 * MIB } })
const measures = (measured: object) => ({ type: 'ReportServerMeasures', data: { measured, now } }) as const
const raised = (alert: 'errorRate' | 'p95Ms' | 'memoryBytes', value: number, threshold: number): ServerEvent => ({
  type: 'ServerAlertRaised',
  data: { serverId, alert, value, threshold, at: now },
})
const cleared = (alert: 'errorRate' | 'p95Ms' | 'memoryBytes', value: number | null): ServerEvent => ({
  type: 'ServerAlertCleared',
  data: { serverId, alert, value, at: now },
})

test('what is beyond its threshold is told once, each by itself', () => {
  const beyond = measures({ errorRate: 0.25, p95Ms: 900, memoryBytes: 120 * MIB })
  const told = [raised('errorRate', 0.25, 0.1), raised('memoryBytes', 120 * MIB, 100 * MIB)] as const
  spec
    .given(watched)
    .when(beyond)
    .yields(...told)
  spec
    .given(watched, ...told)
    .when(beyond)
    .yields()
})

test('a value at its threshold is not beyond it', () => {
  spec
    .given(watched)
    .when(measures({ errorRate: 0.1, p95Ms: 1_000, memoryBytes: 100 * MIB }))
    .yields()
})

test('an alert is cleared well below what raised it, and rings again only after that', () => {
  const slow = raised('p95Ms', 1_500, 1_000)
  spec
    .given(watched, slow)
    .when(measures({ p95Ms: 801 }))
    .yields()
  spec
    .given(watched, slow)
    .when(measures({ p95Ms: 800 }))
    .yields(cleared('p95Ms', 800))
  spec
    .given(watched, slow, cleared('p95Ms', 800))
    .when(measures({ p95Ms: 1_001 }))
    .yields(raised('p95Ms', 1_001, 1_000))
})

test('nothing to measure clears an alert; not knowing changes nothing', () => {
  const failing = raised('errorRate', 0.25, 0.1)
  spec
    .given(watched, failing)
    .when(measures({ errorRate: null }))
    .yields(cleared('errorRate', null))
  spec.given(watched, failing).when(measures({})).yields()
  spec
    .given(watched)
    .when(measures({ errorRate: null }))
    .yields()
})

test('a threshold that is taken away takes its alert with it', () => {
  const without: ServerEvent = { type: 'ServerConfigChanged', data: { ...told, config, changed: ['alerts.errorRate'] } }
  spec
    .given(watched, raised('errorRate', 0.25, 0.1), without)
    .when(measures({}))
    .yields(cleared('errorRate', null))
})

test('in maintenance nothing alerts, and what alerted may be cleared', () => {
  const maintained = [watched, wanted, starting(), running(), raised('p95Ms', 1_500, 1_000)] as const
  const entered: ServerEvent = { type: 'MaintenanceEntered', data: told }
  spec
    .given(...maintained, entered)
    .when(measures({ errorRate: 1, p95Ms: null }))
    .yields(cleared('p95Ms', null))
})

test('a retired server alerts of nothing', () => {
  spec
    .given(watched, { type: 'ServerRetired', data: told })
    .when(measures({ errorRate: 1 }))
    .yields()
})

test('an alert says what was measured, and what it is set to', () => {
  expect(alertText('errorRate', { value: 0.375, threshold: 0.1 })).toBe('37.5 % of its calls failed; the alert is set to 10 %')
  expect(alertText('p95Ms', { value: 1_234.5, threshold: 1_000 })).toBe(
    '5 % of its calls took longer than 1235 ms; the alert is set to 1000 ms',
  )
  expect(alertText('memoryBytes', { value: 120 * MIB, threshold: 100 * MIB })).toBe('it uses 120 MiB; the alert is set to 100 MiB')
})
