import { describe, expect, test } from 'vitest'
import type { Detection } from '../../../src/domain/anomaly/events.ts'
import type { EventOf } from '../../../src/domain/events.ts'
import type { IncidentOrigin } from '../../../src/domain/incident/events.ts'
import { later } from '../../../src/domain/instant.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { triage } from '../../../src/domain/processes/triage/triage.ts'
import { NOW, specifyProcess } from '../../support/specify-process.ts'

const spec = specifyProcess(triage, 'print')
const now = NOW
const at = NOW

const detection = (anomalyId: string): Detection => ({
  anomalyId,
  targetId: 'target',
  hostId: 'host',
  service: 'nginx',
  faultId: 'nginx.backend-down',
  title: 'The backend is down',
  severity: 'error',
  fingerprint: 'hash',
  fingerprintId: 'print',
  groupedBy: 'nginx.backend-down',
  cooldownMs: 60_000,
  source: { kind: 'report', by: 'mira' },
  excerpt: { text: 'connect() failed' },
  hints: { upstream: { text: '127.0.0.1:9000' } },
  at,
})
const detected = (anomalyId: string): EventOf<'AnomalyDetected'> => ({ type: 'AnomalyDetected', data: detection(anomalyId) })
const originOf = (anomalyId: string, incidentId: string): IncidentOrigin => ({
  incidentId,
  anomalyId,
  targetId: 'target',
  hostId: 'host',
  service: 'nginx',
  faultId: 'nginx.backend-down',
  title: 'The backend is down',
  severity: 'error',
  fingerprint: 'hash',
  fingerprintId: 'print',
  excerpt: { text: 'connect() failed' },
  hints: { upstream: '127.0.0.1:9000' },
})
const sights = (anomalyId: string, incidentId: string) =>
  command({
    aggregate: 'fingerprint',
    id: 'print',
    command: {
      type: 'SightFingerprint',
      data: { fingerprintId: 'print', cooldownMs: 60_000, origin: originOf(anomalyId, incidentId), now },
    },
  })
const quieted = (anomalyId: string): EventOf<'FingerprintQuieted'> => ({
  type: 'FingerprintQuieted',
  data: { fingerprintId: 'print', anomalyId, until: later(now, 5_000), at },
})
const elapsed = (turn: number): EventOf<'TimeoutElapsed'> => ({
  type: 'TimeoutElapsed',
  data: { process: 'triage', instance: 'print', timerId: `timer ${turn}`, name: 'quiet', at },
})

test('a detection is sighted by its fingerprint', () => spec.given().when(detected('a')).yields(sights('a', 'incident a')))

test('a fingerprint that opens begins an incident', () =>
  spec
    .given(detected('a'))
    .when({ type: 'FingerprintOpened', data: { fingerprintId: 'print', cooldownMs: 60_000, origin: originOf('a', 'i'), at } })
    .yields(command({ aggregate: 'incident', id: 'i', command: { type: 'OpenIncident', data: { ...originOf('a', 'i'), now } } })))

test('what is seen again is added to the open incident', () =>
  spec
    .given(detected('a'))
    .when({ type: 'FingerprintSeenAgain', data: { fingerprintId: 'print', incidentId: 'i', anomalyId: 'b', at } })
    .yields(
      command({
        aggregate: 'incident',
        id: 'i',
        command: { type: 'ReportIncident', data: { report: { type: 'AnomalyAttached', data: { incidentId: 'i', anomalyId: 'b', at } } } },
      }),
    ))

test('what is quiet is sighted again when the quiet time ends: once, and as it looked last', () => {
  const quiet = [detected('a'), quieted('a')] as const
  spec
    .given(detected('a'))
    .when(quieted('a'))
    .yields({ kind: 'timeout', timerId: 'timer 2', name: 'quiet', dueAt: later(now, 5_000) })
  spec
    .given(...quiet, detected('b'))
    .when(quieted('b'))
    .means('nothing')
  spec
    .given(...quiet, detected('b'))
    .when(elapsed(2))
    .yields(sights('b', 'incident b 4'))
  spec
    .given(...quiet, elapsed(2))
    .when(elapsed(2))
    .means('nothing')
  spec
    .given(...quiet, elapsed(2))
    .when(quieted('a'))
    .yields({ kind: 'timeout', timerId: 'timer 4', name: 'quiet', dueAt: later(now, 5_000) })
})

describe('what was only counted', () => {
  const repeated = (seenAfterMs: number): EventOf<'AnomalyRepeated'> => ({
    type: 'AnomalyRepeated',
    data: {
      ...{ anomalyId: 'a', fingerprintId: 'print', count: 1, path: '/l', generation: 'g', fromOffset: 1, toOffset: 2 },
      seenAt: later(now, seenAfterMs),
      at: later(now, 10_000),
    },
  })
  const opened: EventOf<'FingerprintOpened'> = {
    type: 'FingerprintOpened',
    data: { fingerprintId: 'print', cooldownMs: 60_000, origin: originOf('a', 'i'), at },
  }
  const closed = (result: 'answered' | 'not-confirmed'): EventOf<'FingerprintClosed'> => ({
    type: 'FingerprintClosed',
    data: { fingerprintId: 'print', incidentId: 'i', result, quietUntil: later(now, 60_000), at: later(now, 3_000) },
  })

  test('while an incident is open needs no other', () => {
    spec.given(detected('a')).when(repeated(1_000)).means('nothing')
    spec.given(detected('a'), opened).when(repeated(1_000)).means('nothing')
  })

  test('before a fix was proven was mended by it; what comes later is sighted, once', () => {
    const fixed = [detected('a'), opened, closed('answered')] as const
    spec
      .given(...fixed)
      .when(repeated(3_000))
      .means('nothing')
    spec
      .given(...fixed)
      .when(repeated(3_001))
      .yields(sights('a', 'incident a 4'))
    spec
      .given(...fixed, repeated(3_001))
      .when(repeated(4_000))
      .means('nothing')
  })

  test('behind a line that proved to be nothing is sighted: a true one may stand right behind a forged one', () =>
    spec.given(detected('a'), opened, closed('not-confirmed')).when(repeated(1)).yields(sights('a', 'incident a 4')))
})

test('a timer that nobody waits for means nothing', () => {
  spec.given().when(elapsed(1)).means('nothing')
  spec.given(detected('a'), quieted('a')).when(elapsed(9)).means('nothing')
})

test('everything of one fingerprint is one instance, and timers of other processes are none', () => {
  expect(triage.correlate(detected('a'))).toBe('print')
  expect(triage.correlate(elapsed(1))).toBe('print')
  expect(triage.correlate({ ...elapsed(1), data: { ...elapsed(1).data, process: 'healing' } })).toBeUndefined()
})
