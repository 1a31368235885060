import { test } from 'vitest'
import type { IncidentEvent, IncidentOrigin } from '../../src/domain/incident/events.ts'
import { incident, MAX_ATTACHED } from '../../src/domain/incident/incident.ts'
import { instant } from '../../src/domain/instant.ts'
import { specify } from '../support/specify.ts'

const spec = specify(incident)
const now = instant('2026-11-21T10:00:00.000Z')
const origin: IncidentOrigin = {
  incidentId: 'i-1',
  anomalyId: 'a-1',
  targetId: 't-1',
  hostId: 'h-1',
  service: 'redis',
  title: 'memory is full',
  severity: 'critical',
  fingerprint: 'f',
  fingerprintId: 'f-1',
  excerpt: { text: '' },
  hints: {},
}
const opened: IncidentEvent = { type: 'IncidentOpened', data: { ...origin, at: now } }
const executing: IncidentEvent = {
  type: 'ExecutionStarted',
  data: { incidentId: 'i-1', executionId: 'e-1', planHash: 'p', authority: { kind: 'policy', rule: 'r' }, at: now },
}
const resolved = { type: 'IncidentResolved', data: { incidentId: 'i-1', outcome: 'fixed', says: 'proven', at: now } } as const
const undetermined: IncidentEvent = { type: 'OutcomeUndetermined', data: { incidentId: 'i-1', executionId: 'e-1', says: 'cut', at: now } }
const close = { type: 'CloseIncident', data: { by: 'mira', reason: 'handled', now } } as const

test('an incident is opened once, however often it is asked for', () => {
  spec
    .given()
    .when({ type: 'OpenIncident', data: { ...origin, now } })
    .yields(opened)
  spec
    .given(opened)
    .when({ type: 'OpenIncident', data: { ...origin, now } })
    .yields()
})

test('nobody closes an incident under a running execution', () =>
  spec.given(opened, executing).when(close).refuses('incident-is-executing', { executionId: 'e-1' }))

test('a first step that never ran is no execution any more', () => {
  const never = (step: string): IncidentEvent => ({
    type: 'StepRun',
    data: { incidentId: 'i-1', executionId: 'e-1', step, say: 'start it', outcome: 'never-ran', at: now },
  })
  const closed = { type: 'IncidentClosed', data: { incidentId: 'i-1', outcome: 'closed', by: 'mira', reason: 'handled', at: now } } as const
  spec.given(opened, executing, never('fix-1')).when(close).yields(closed)
  spec.given(opened, executing, never('fix-2')).when(close).refuses('incident-is-executing', { executionId: 'e-1' })
})

test('an outcome that nobody could prove is declared before the incident is closed', () => {
  spec.given(opened, executing, undetermined).when(close).refuses('outcome-not-declared', { executionId: 'e-1' })
  spec
    .given(opened, executing, undetermined)
    .when({ type: 'DeclareOutcome', data: { outcome: 'done', by: 'mira', reason: 'looked', now } })
    .yields({ type: 'OutcomeDeclared', data: { incidentId: 'i-1', outcome: 'done', by: 'mira', reason: 'looked', at: now } })
})

test('a known outcome is not declared', () =>
  spec
    .given(opened)
    .when({ type: 'DeclareOutcome', data: { outcome: 'done', by: 'mira', reason: 'looked', now } })
    .refuses('outcome-not-undetermined', { situation: 'working' }))

test('an incident ends once', () => {
  spec.given(opened, resolved).when(close).refuses('incident-ended', { outcome: 'fixed' })
  spec
    .given(opened, resolved)
    .when({ type: 'ReportIncident', data: { report: resolved } })
    .refuses('incident-ended', { outcome: 'fixed' })
})

test('a second acknowledgement changes nothing', () =>
  spec
    .given(opened, { type: 'IncidentAcknowledged', data: { incidentId: 'i-1', by: 'mira', at: now } })
    .when({ type: 'AcknowledgeIncident', data: { by: 'jon', now } })
    .yields())

const attached = (n: number): IncidentEvent => ({ type: 'AnomalyAttached', data: { incidentId: 'i-1', anomalyId: `a-${n}`, at: now } })
const attach = (n: number) => {
  const report = { type: 'AnomalyAttached', data: { incidentId: 'i-1', anomalyId: `a-${n}`, at: now } } as const
  return { type: 'ReportIncident', data: { report } } as const
}
const stopped: IncidentEvent = { type: 'AttachingStopped', data: { incidentId: 'i-1', attached: MAX_ATTACHED, at: now } }
const many = Array.from({ length: MAX_ATTACHED }, (_, index) => attached(index))
const escalated: IncidentEvent = {
  type: 'IncidentEscalated',
  data: { incidentId: 'i-1', reason: 'no-remedy', says: 'by hand', at: now },
}

test('anomalies are attached up to a bound, whatever becomes of the incident meanwhile', () => {
  spec.given(opened, escalated).when(attach(1)).yields(attached(1))
  spec
    .given(opened, ...many.slice(1), escalated)
    .when(attach(100))
    .yields(attached(100))
})

test('beyond the bound nothing is attached, and that is said once', () => {
  spec
    .given(opened, ...many)
    .when(attach(100))
    .yields(stopped)
  spec
    .given(opened, ...many, stopped)
    .when(attach(101))
    .yields()
  spec
    .given(opened, ...many.slice(0, 50), escalated, ...many.slice(50), stopped)
    .when(attach(102))
    .yields()
})

test('an incident of a retired target is closed with an outcome that says so, whatever it was doing, and once', () => {
  const abandon = { type: 'AbandonIncident', data: { by: 'mira', reason: 'moved', now } } as const
  const abandoned: IncidentEvent = {
    type: 'IncidentClosed',
    data: { incidentId: 'i-1', outcome: 'target-retired', by: 'mira', reason: 'moved', at: now },
  }
  spec.given(opened).when(abandon).yields(abandoned)
  spec.given(opened, executing).when(abandon).yields(abandoned)
  spec.given(opened, abandoned).when(abandon).yields()
  spec.given(opened, resolved).when(abandon).yields()
  spec.given(opened, abandoned).when(close).refuses('incident-ended', { outcome: 'target-retired' })
})
