/** The story of an incident as its read models tell it, from the events that its process records. */
import { expect, test } from 'vitest'
import { incidentSchemas } from '../../src/adapters/codec/schemas/incident.ts'
import type { EventOf, EventType } from '../../src/domain/events.ts'
import type { EffectRequest } from '../../src/domain/processes/effects.ts'
import { allProjections } from '../../src/projections/all.ts'
import { incidentTypes } from '../../src/projections/incident-story.ts'
import { createMemoryProjections } from '../../src/projections/memory-projections.ts'
import { History, sample } from './support/events.ts'

test('every event of an incident is part of its story', () => {
  expect([...incidentTypes].toSorted()).toEqual(Object.keys(incidentSchemas).toSorted())
})

const incidentId = sample('IncidentOpened').data.incidentId

/** Applies events and answers with the state of the incident after each of them. */
function states(...events: readonly EventOf<EventType>[]) {
  const history = new History()
  const projections = createMemoryProjections(allProjections)
  const seen = events.map((event) => {
    projections.apply(history.add(`thing-${event.type}`, event))
    return projections.rows('incidents')[0]?.state
  })
  const [incident] = projections.rows('incidents')
  if (!incident) throw new Error('no incident')
  return { seen, incident, projections }
}

const asks = (kind: EffectRequest['kind'], privileged?: 'fix' | 'restore'): EventOf<'EffectRequested'> => {
  const index = ['survey', 'investigate', 'analyse', 'draft', 'prepare', 'run-step', 'settle', 'verify', 'prove'].indexOf(kind)
  const { data } = sample('EffectRequested', {}, index)
  if (data.request.kind !== 'run-step' || privileged === undefined) return { type: 'EffectRequested', data }
  const request = { ...data.request, params: { ...data.request.params, privileged } }
  return { type: 'EffectRequested', data: { ...data, request } }
}

test('a fix that works: from the detection to the end', () => {
  const { seen, incident } = states(
    sample('IncidentOpened'),
    asks('investigate'),
    sample('IncidentInvestigated'),
    sample('IncidentDiagnosed', {}, 1),
    asks('draft'),
    sample('PlanProposed'),
    sample('ApprovalRequested'),
    sample('IncidentWaits'),
    sample('ApprovalGranted'),
    asks('prepare'),
    asks('run-step', 'fix'),
    sample('ExecutionStarted'),
    asks('run-step', 'fix'),
    sample('StepRun', {}, 1),
    asks('verify'),
    sample('VerificationFinished'),
    sample('IncidentResolved'),
  )
  expect(seen).toEqual([
    'investigating',
    'investigating',
    'investigating',
    'investigating',
    'investigating',
    'investigating',
    'investigating',
    'awaiting-approval',
    'awaiting-approval',
    'executing',
    'executing',
    'executing',
    'executing',
    'executing',
    'verifying',
    'verifying',
    'resolved',
  ])
  expect(incident).toMatchObject({
    outcome: 'fixed',
    finding: 'confirmed',
    approvalId: sample('ApprovalRequested').data.approvalId,
    executionId: sample('ExecutionStarted').data.executionId,
    plan: { planHash: 'c'.repeat(64), risk: 'medium', rollback: 'The file as it is now comes back.', diffs: [{ diff: '-bad\n+good\n' }] },
    steps: [{ step: 'fix-2', outcome: 'done', exitCode: null }],
    verification: { holds: true },
    waitingFor: null,
    endedAt: incident.updatedAt,
  })
})

test('a fix that fails: rolled back, and a person is called', () => {
  const { seen, incident } = states(
    sample('IncidentOpened'),
    sample('ExecutionStarted'),
    sample('StepRun'),
    sample('RollbackStarted'),
    asks('run-step', 'restore'),
    asks('prove'),
    sample('RollbackProven'),
    sample('IncidentEscalated'),
  )
  expect(seen.slice(3)).toEqual(['rolling-back', 'rolling-back', 'rolling-back', 'rolling-back', 'escalated'])
  expect(incident).toMatchObject({
    rollback: { because: 'step fix-1 failed', provenAt: incident.updatedAt },
    escalation: { reason: 'fix-failed-rolled-back' },
    endedAt: null,
  })
})

test('a rollback that was refused shows what it would have overwritten', () => {
  const { incident, projections } = states(
    sample('IncidentOpened'),
    sample('ExecutionStarted'),
    sample('RollbackStarted'),
    sample('RollbackRefused'),
    sample('IncidentEscalated', {}, 1),
  )
  expect(incident).toMatchObject({
    rollback: {
      provenAt: null,
      changedByOthers: [
        { what: 'file /etc/nginx/nginx.conf', now: 'missing', sinceBefore: '-bad\n+other\n', sinceLeft: expect.stringContaining('+other') },
        { what: 'setting max', before: '100', left: '200', now: '300', sinceBefore: null, sinceLeft: null },
      ],
    },
    escalation: { reason: 'changed-by-others' },
  })
  const told = projections.rows('incident-timeline').map(({ text }) => text)
  expect(told).toContainEqual(
    expect.stringMatching(/^Not rolled back.*setting max was 100 before the action, 200 after it, and is 300 now\.$/),
  )
})

test('that no more anomalies are attached is part of the story', () => {
  const { projections } = states(sample('IncidentOpened'), sample('AttachingStopped'))
  expect(projections.rows('incident-timeline').at(-1)?.text).toBe(
    '100 anomalies were added; from here on the fingerprint alone counts how often it is seen.',
  )
})

test('an outcome that nobody can prove waits for the word of a person', () => {
  const { seen, incident } = states(sample('IncidentOpened'), sample('OutcomeUndetermined'), sample('OutcomeDeclared'))
  expect(seen).toEqual(['investigating', 'undetermined', 'resolved'])
  expect(incident).toMatchObject({ outcome: 'declared', declared: { outcome: 'done', by: 'mira' } })
})

test('an end stays an end, whatever is reported afterwards', () => {
  const { seen } = states(
    sample('IncidentOpened'),
    sample('IncidentClosed'),
    sample('IncidentWaits'),
    asks('verify'),
    sample('IncidentEscalated'),
  )
  expect(seen).toEqual(['investigating', 'closed', 'closed', 'closed', 'closed'])
})

test('evidence of a second look takes the place of the first, by its id', () => {
  const [first] = sample('IncidentInvestigated').data.evidence
  if (!first) throw new Error('the sample has no evidence')
  const again = { ...first, verdict: 'does-not-hold' } as const
  const { incident } = states(
    sample('IncidentOpened'),
    sample('IncidentInvestigated'),
    sample('IncidentInvestigated', { evidence: [again, { ...first, evidenceId: 'e2' }] }),
  )
  expect(incident.evidence.map(({ evidenceId, verdict }) => [evidenceId, verdict])).toEqual([
    ['e1', 'does-not-hold'],
    ['e2', 'holds'],
  ])
})

test('the timeline has one sentence for every event of the incident, in order, and none of another process', () => {
  const other = sample('TimeoutElapsed', { process: 'onboarding' })
  const { projections } = states(
    sample('IncidentOpened'),
    sample('IncidentInvestigated'),
    other,
    sample('ApprovalRequested'),
    sample('LanesAcquired'),
    sample('EffectFailed'),
    sample('TimeoutElapsed'),
    sample('TargetFrozen'),
  )
  const timeline = projections.rows('incident-timeline')
  expect(timeline.every((line) => line.incidentId === incidentId && line.actor === 'mira')).toBe(true)
  expect(timeline.map(({ text }) => text)).toEqual([
    'Opened: nginx cannot load its configuration (error), seen on target 0199f0a0-0000-7000-8000-000000000003.',
    'Confirmed on the host (1 piece of evidence).',
    'Asked 2 people to approve plan cccccccccccc, until 2026-11-21T11:00:00.000Z.',
    'Holds service:nginx, filesystem:/, unit:nginx.service.',
    expect.stringContaining('Could not draft a plan (host-unreachable): line with'),
    'Timer "approval" elapsed.',
    'Target 0199f0a0-0000-7000-8000-000000000003 is frozen: nobody can prove what happened',
  ])
})
