import { test } from 'vitest'
import type { FingerprintEvent } from '../../src/domain/fingerprint/events.ts'
import { fingerprint, UNCONFIRMED_QUIET_MS } from '../../src/domain/fingerprint/fingerprint.ts'
import { instant, later } from '../../src/domain/instant.ts'
import { specify } from '../support/specify.ts'

const spec = specify(fingerprint)
const now = instant('2026-11-21T10:00:00.000Z')
const COOLDOWN_MS = 300_000
const origin = (n: number) =>
  ({
    incidentId: `inc-${n}`,
    anomalyId: `anomaly-${n}`,
    targetId: 't',
    hostId: 'h',
    service: 'redis',
    title: 'memory is full',
    severity: 'critical',
    fingerprint: 'f',
    fingerprintId: 'f-1',
    excerpt: { text: '' },
    hints: {},
  }) as const
const sight = (n: number, at = now) =>
  ({ type: 'SightFingerprint', data: { fingerprintId: 'f-1', cooldownMs: COOLDOWN_MS, origin: origin(n), now: at } }) as const
const opened: FingerprintEvent = {
  type: 'FingerprintOpened',
  data: { fingerprintId: 'f-1', cooldownMs: COOLDOWN_MS, origin: origin(1), at: now },
}
const closed = (result: 'answered' | 'not-confirmed', quietMs: number): FingerprintEvent => ({
  type: 'FingerprintClosed',
  data: { fingerprintId: 'f-1', incidentId: 'inc-1', result, quietUntil: later(now, quietMs), at: now },
})
const failed = (executionId: string): FingerprintEvent => ({
  type: 'FixFailed',
  data: { fingerprintId: 'f-1', incidentId: 'inc-1', executionId, at: now },
})
const recordFailure = (executionId: string) =>
  ({ type: 'RecordFixFailure', data: { fingerprintId: 'f-1', incidentId: 'inc-1', executionId, now } }) as const

test('the first sighting opens an incident', () => spec.given().when(sight(1)).yields(opened))

test('a sighting while the incident is open belongs to it', () =>
  spec
    .given(opened)
    .when(sight(2))
    .yields({ type: 'FingerprintSeenAgain', data: { fingerprintId: 'f-1', incidentId: 'inc-1', anomalyId: 'anomaly-2', at: now } }))

test('after an answer it is quiet for the cool-down, and no longer', () => {
  const history = [opened, closed('answered', COOLDOWN_MS)]
  const until = later(now, COOLDOWN_MS)
  const justBefore = later(now, COOLDOWN_MS - 1)
  spec
    .given(...history)
    .when(sight(2, justBefore))
    .yields({ type: 'FingerprintQuieted', data: { fingerprintId: 'f-1', anomalyId: 'anomaly-2', until, at: justBefore } })
  spec
    .given(...history)
    .when(sight(2, until))
    .yields({ type: 'FingerprintOpened', data: { fingerprintId: 'f-1', cooldownMs: COOLDOWN_MS, origin: origin(2), at: until } })
})

test('a forged line buys only a short silence', () =>
  spec
    .given(opened)
    .when({ type: 'CloseFingerprint', data: { fingerprintId: 'f-1', incidentId: 'inc-1', result: 'not-confirmed', now } })
    .yields(closed('not-confirmed', UNCONFIRMED_QUIET_MS)))

test('two failed fixes open the breaker', () => {
  spec.given(opened).when(recordFailure('e-1')).yields(failed('e-1'))
  spec
    .given(opened, failed('e-1'))
    .when(recordFailure('e-2'))
    .yields(failed('e-2'), { type: 'BreakerOpened', data: { fingerprintId: 'f-1', failures: 2, at: now } })
})

test('the same failure is counted once', () => spec.given(opened, failed('e-1')).when(recordFailure('e-1')).yields())

test('a fix that worked forgets the failures before it', () =>
  spec
    .given(opened, failed('e-1'), { type: 'FixWorked', data: { fingerprintId: 'f-1', incidentId: 'inc-1', executionId: 'e-2', at: now } })
    .when(recordFailure('e-3'))
    .yields(failed('e-3')))

test('only an open breaker is reset', () =>
  spec
    .given(opened)
    .when({ type: 'ResetBreaker', data: { fingerprintId: 'f-1', by: 'mira', reason: 'looked', now } })
    .refuses('breaker-not-open'))
