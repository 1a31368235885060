/** What a person who was woken reads: everything once, nothing by an id that a name stands for, and at the end what to type. */
import { describe, expect, test } from 'vitest'
import { exampleApproval } from '../../src/api/schemas/approval.ts'
import { exampleIncident, incidentSummary, incident as schema } from '../../src/api/schemas/incident.ts'
import type { Incident } from '../../src/cli/client/shapes.ts'
import { createPage, type Page } from '../../src/cli/screen/page.ts'
import { paintFor } from '../../src/cli/screen/paint.ts'
import { drawApproval, drawDecision } from '../../src/cli/views/approval.ts'
import { plainFacts, plainLines } from '../../src/cli/views/facts.ts'
import { drawIncident } from '../../src/cli/views/incident.ts'
import { nextStep } from '../../src/cli/views/next-step.ts'
import { readable, streamText } from '../../src/cli/views/readable.ts'

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const KEY = 'dc4c075b-ecd1-503f-898f-6baa3bd8eb67'
const EXECUTION = 'a945cf4c-c77d-5607-8c1b-d2febf5bbd5f'
const openedAtMs = Date.parse(exampleIncident.openedAt)
const at = (ms: number): string => new Date(openedAtMs + ms).toISOString()
const names: Readonly<Record<string, string>> = { [exampleIncident.targetId]: 'web', [exampleIncident.hostId]: 'web-01', [KEY]: 'mira' }
const nameOf = (id: string): string => names[id] ?? id

const linesOf = (draw: (page: Page) => void, width = 80): readonly string[] => {
  const page = createPage({ width, paint: paintFor({ isTTY: false }, {}) })
  draw(page)
  return page.lines
}
const entry = (ms: number, type: string, text: string, actor = 'steward') => ({ position: '1', at: at(ms), type, text, actor })

const healed: Incident = schema.parse({
  ...exampleIncident,
  state: 'resolved',
  outcome: 'fixed',
  outcomeSays: 'The cure was proven.',
  waitingFor: null,
  endedAt: at(2_900),
  executionId: EXECUTION,
  steps: [
    {
      executionId: EXECUTION,
      step: 'fix-1',
      say: 'reload nginx',
      outcome: 'done',
      exitCode: 0,
      says: '[{"pg_reload_conf":true}]',
      at: at(1_000),
    },
  ],
  verification: { holds: true, says: 'The cure held in 5 probes.', at: at(2_700) },
  timeline: [
    entry(0, 'IncidentOpened', `Opened: x (error), seen on target ${exampleIncident.targetId}.`),
    entry(10, 'EffectRequested', 'To be done: probe the host.'),
    entry(200, 'IncidentDiagnosed', `Diagnosis of the catalogue: ${exampleIncident.diagnosis?.text}`),
    entry(600, 'ApprovalGranted', `${KEY} (mira) approved the plan.`, KEY),
    entry(1_100, 'ExecutionStarted', `Execution ${EXECUTION} of plan b94d27b9934d began; needs a person: mode is propose.`),
    entry(2_900, 'IncidentResolved', 'Fixed and verified: The cure was proven.'),
  ],
})

describe('an incident', () => {
  const draw = (incident: Incident, full = false): readonly string[] =>
    linesOf((page) => drawIncident(page, incident, { nowMs: openedAtMs + 60_000, nameOf, full }))

  test('is told in the order in which a person asks', () => {
    const heads = ['What happened', 'What was found on the host', 'What was done', 'Timeline', 'Result', 'What to do next']
    const found = draw(healed).filter((line) => heads.some((head) => line.startsWith(head)))
    expect(found.map((line) => line.replace(/,.*/, ''))).toEqual(heads)
  })
  test('says its diagnosis once', () => {
    expect(draw(healed).join('\n').split('The worker holds all descriptors')).toHaveLength(2)
    expect(draw(schema.parse(exampleIncident)).join('\n').split('The worker holds all descriptors')).toHaveLength(2)
  })
  test('shows one whole id, its own; people by their names', () => {
    const text = draw(healed).join('\n')
    expect(text.match(ID)).toEqual([healed.id])
    expect(text).toContain('allowed  by mira')
  })
  test('leaves the machinery to --full', () => {
    expect(draw(healed).join('\n')).not.toMatch(/probe the host|pg_reload_conf/)
    expect(draw(healed, true).join('\n')).toMatch(/pg_reload_conf[\s\S]*probe the host/)
  })
  test('that waits shows the plan as it must be read, and ends with the commands that decide', () => {
    const lines = draw(schema.parse(exampleIncident))
    for (const part of ['medium, reversible', '1. set worker_rlimit_nofile', 'Restore /etc/nginx/nginx.conf', exampleApproval.planHash])
      expect(lines.join('\n')).toContain(part)
    expect(lines.slice(-2).map((line) => line.trim())).toEqual([
      'steward approval approve 00000001',
      "steward approval reject 00000001 --reason '...'",
    ])
  })
  test('whose rollback was refused shows the three states, and what somebody else has changed', () => {
    const change = { what: 'file /etc/app.conf', before: 'sha256 aaa', left: 'sha256 bbb', now: 'sha256 ccc', sinceBefore: null }
    const rollback = {
      because: 'x',
      startedAt: at(0),
      provenAt: null,
      changedByOthers: [{ ...change, sinceLeft: '--- a\n+++ b\n@@ -1 +1 @@\n-ours\n+theirs\n' }],
    }
    const text = draw({ ...healed, state: 'escalated', outcome: null, endedAt: null, rollback }).join('\n')
    for (const part of ['sha256 aaa', 'sha256 bbb', 'sha256 ccc', '-ours', '+theirs', 'it would have overwritten'])
      expect(text).toContain(part)
    expect(text).not.toContain('--- a')
  })
  test('has no line that is too long', () => {
    for (const width of [40, 80, 120])
      for (const line of linesOf((page) => drawIncident(page, healed, { nowMs: openedAtMs, nameOf, full: true }), width))
        expect(line.length).toBeLessThanOrEqual(width)
  })
  test.for(['step', 'approval', 'lanes', 'healing-stopped', 'visibility', 'host-budget', 'analyst', 'unfreeze', 'something-new'])(
    'that waits (%s) says what is to be done',
    (waitingFor) => {
      const { says } = nextStep({ ...schema.parse(exampleIncident), waitingFor }, { incident: 'i', target: 't', host: 'h' })
      expect(says).not.toBe('')
    },
  )
  test.for(incidentSummary.shape.state.options)('in state %s says what is to be done', (state) => {
    const incident = { ...healed, state, escalation: { reason: 'fix-failed', says: 'x', at: at(0) } }
    const { says, commands } = nextStep(incident, { incident: 'i', target: 't', host: 'h' })
    expect(says).not.toBe('')
    if (state === 'escalated' || state === 'undetermined') expect(commands.join('\n')).toContain('steward target unfreeze t')
  })
})

test('an approval that is granted is decided by those who granted it, not by nobody', () => {
  const granted = { ...exampleApproval, state: 'granted' as const, grantedBy: ['mira'], decidedAt: at(0), revision: '1' }
  const lines = linesOf((page) => drawApproval(page, { ...granted, plan: null }, { nowMs: openedAtMs, nameOf }))
  expect(lines.join('\n')).toContain('1 of 1: mira')
  expect(lines.join('\n')).not.toContain('unknown')
})

test('an approval that waits ends with the commands that decide', () => {
  const plan = schema.parse(exampleIncident).plan
  const lines = linesOf((page) => drawDecision(page, { ...exampleApproval, plan, grantedBy: [], revision: '1' }))
  expect(lines.join('\n')).toContain('steward approval approve 00000001')
})

test('facts are words, with nothing left out but the tail of a hash', () => {
  expect(plainFacts({ masterAlive: true, usedBytes: 4_090_608, maxmemoryBytes: 4_194_304, aof_last_status: null, ageSeconds: 3 })).toBe(
    'master alive yes, used 3.9 MiB, maxmemory 4 MiB, aof last status none, age 3 s',
  )
  expect(plainLines({ files: [{ path: '/a', sha256: 'f'.repeat(64) }, { path: '/b' }], limit: 4096, hosts: [] })).toEqual([
    'files: path /a, sha256 ffffffffffff…',
    'files: path /b',
    'limit 4096',
    'hosts: none',
  ])
})

test('sentences call things by name, keys by their owner, and unknown things by the end of their id', () => {
  const text = `${KEY} (admin) and ${KEY} on ${exampleIncident.hostId} by ${EXECUTION}`
  expect(readable(text, nameOf)).toBe(`admin and mira on web-01 by ${EXECUTION.slice(-8)}`)
  expect(streamText(`target-${exampleIncident.targetId}`, nameOf)).toBe('target-web')
  // What is shown must be what `stream show` finds: there, only hosts and targets have names.
  expect(streamText(`lanes-${exampleIncident.hostId}`, nameOf)).toBe(`lanes-${exampleIncident.hostId.slice(-8)}`)
  expect(streamText('registry-targets', nameOf)).toBe('registry-targets')
})
