/**
 * An incident told to a person who was woken by it: how it stands, what happened, what was found on the host, what is planned or was done, how it came
 * to that, and - last, where the eye rests on a terminal - the result and what is to be done now. Everything is said once.
 */
import type { NameOf } from '../client/names.ts'
import type { Incident } from '../client/shapes.ts'
import { ago, duration, localTime, moment, since } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { type Tone, toneOf } from '../screen/paint.ts'
import { shortId } from '../screen/table.ts'
import { drawDiagnosis } from './diagnosis.ts'
import { plainFacts } from './facts.ts'
import { drawForeignChanges } from './foreign-changes.ts'
import { nextStep } from './next-step.ts'
import { drawDifferences, drawPlan } from './plan.ts'
import { readable } from './readable.ts'
import { drawTimeline } from './timeline.ts'

export type IncidentViewOptions = Readonly<{
  nowMs: number
  nameOf: NameOf
  /** With the machinery: parameters, outputs, timers, effects, resources, ids. */
  full: boolean
}>

export function drawIncident(page: Page, incident: Incident, options: IncidentViewOptions): void {
  drawSituation(page, incident, options)
  drawWhatHappened(page, incident)
  drawEvidence(page, incident)
  drawWork(page, incident, options)
  section(page, `Timeline, from ${localTime(incident.openedAt)}`)
  drawTimeline(page, incident, options)
  drawEnd(page, incident, options)
}

function drawSituation(page: Page, incident: Incident, { nowMs, nameOf, full }: IncidentViewOptions): void {
  const { openedAt, endedAt, acknowledgedBy } = incident
  const word = incident.outcome ?? incident.state
  page.heading(incident.faultId === null ? `Unknown ${incident.service} error` : incident.title)
  page.fields([
    [
      'state',
      {
        text: endedAt === null ? word : `${word}, after ${since(openedAt, endedAt).slice(1)}`,
        tone: toneOf(incident.outcome ?? incident.state),
      },
    ],
    ['severity', { text: incident.severity, tone: toneOf(incident.severity) }],
    incident.service === 'server'
      ? ['server', nameOf(incident.hostId)]
      : ['target', `${nameOf(incident.targetId)} (${incident.service}) on ${nameOf(incident.hostId)}`],
    ['opened', moment(openedAt, nowMs)],
    ['looked after', acknowledgedBy === null ? null : `by ${readable(acknowledgedBy, nameOf)}`],
    ['incident', incident.id],
    ['approval', full ? incident.approvalId : null],
    ['execution', full ? incident.executionId : null],
  ])
}

function drawWhatHappened(page: Page, { excerpt, faultId, anomalyIds }: Incident): void {
  section(page, 'What happened')
  const times = anomalyIds.length > 1 ? `, ${anomalyIds.length} detections` : ''
  page.item('  ', faultId === null ? `An error that the catalogue does not know${times}:` : `${faultId}${times}:`)
  page.block(excerpt)
}

function drawEvidence(page: Page, { evidence, finding, diagnosis }: Incident): void {
  if (finding === null && evidence.length === 0 && diagnosis === null) return
  section(page, 'What was found on the host')
  drawDiagnosis(page, { diagnosis, evidence })
  if (finding !== null && finding !== 'confirmed') page.item('  ', { text: `The last look: ${finding}`, tone: 'warn' })
  for (const { probe, verdict, facts, says } of evidence) {
    const { word, tone } = verdictOf(probe, verdict)
    const seen = plainFacts(facts)
    page.item(`  ${word.padEnd(LONGEST_VERDICT)}  `, seen === '' ? probe : `${probe}: ${seen}`, tone)
    if (says !== null && says !== '') page.block(says)
  }
}

/** A probe of the service's health holds when it is well; the precondition of an action holds when the fault that it removes is there. */
function verdictOf(probe: string, verdict: Incident['evidence'][number]['verdict']): Readonly<{ word: string; tone: Tone }> {
  if (verdict === 'unknown') return { word: 'unknown', tone: 'warn' }
  const holds = verdict === 'holds'
  if (probe.includes('.')) return holds ? { word: 'fault there', tone: 'bad' } : { word: 'no fault', tone: 'good' }
  return holds ? { word: 'well', tone: 'good' } : { word: 'not well', tone: 'bad' }
}
const LONGEST_VERDICT = 'fault there'.length

/** Before it runs, the plan as it must be read to be approved; afterwards what became of it. */
function drawWork(page: Page, incident: Incident, options: IncidentViewOptions): void {
  const { plan, steps, diagnosis, authority, rollback } = incident
  const because = becauseOf(authority)
  const withDiagnosis = plan?.diagnosis !== diagnosis?.text
  if (plan !== null && (steps.length === 0 || options.full)) {
    section(page, incident.endedAt === null ? 'What is planned' : 'What was planned')
    drawPlan(page, plan, { because, withDiagnosis })
  }
  if (steps.length === 0) return
  section(page, 'What was done')
  if (plan !== null && !options.full) {
    page.item('  ', { text: plan.title, tone: 'strong' })
    page.fields([
      ['  risk', { text: `${plan.risk}, ${plan.reversibility}`, tone: toneOf(plan.risk) }],
      ['  allowed', allowedBy(incident, options)],
    ])
  }
  for (const { say, outcome, exitCode, says } of steps) {
    const exit = exitCode === null || exitCode === 0 ? '' : `, exit code ${exitCode}`
    page.item(`  ${`${outcome}${exit}`.padEnd(4)}  `, say, toneOf(outcome))
    if (says !== null && says !== '' && (options.full || outcome !== 'done')) page.block(says)
  }
  // What was taken back is not there any more.
  if (plan !== null && !options.full && (rollback === null || rollback.provenAt === null)) drawDifferences(page, plan)
  drawForeignChanges(page, incident)
}

const becauseOf = (authority: Incident['authority']): readonly string[] =>
  authority !== null && Array.isArray(authority['because']) ? authority['because'].map(String) : []

/** The person who agreed, as the log tells it; or the rule of the policy. */
function allowedBy({ authority, timeline }: Incident, { nameOf }: IncidentViewOptions): string | null {
  if (authority?.['kind'] === 'policy') return `by the policy: ${String(authority['rule'])}`
  const grants = timeline
    .filter(({ type }) => type === 'ApprovalGranted')
    .map(({ text }) => readable(text, nameOf).replace(/ approved the plan.*$/s, ''))
  return grants.length === 0 ? null : `by ${[...new Set(grants)].join(', ')}`
}

function drawEnd(page: Page, incident: Incident, { nowMs, nameOf }: IncidentViewOptions): void {
  const { outcome, outcomeSays, verification, rollback, escalation, undetermined, declared, endedAt } = incident
  section(page, endedAt === null ? 'How it stands' : 'Result')
  page.fields([
    [
      '  state',
      endedAt !== null
        ? null
        : {
            text:
              incident.waitingFor === null
                ? incident.state
                : `${incident.state}, for ${ago(incident.updatedAt, nowMs).replace(/ ago$/, '')}`,
            tone: toneOf(incident.state),
          },
    ],
    [
      '  cured',
      verification === null
        ? null
        : {
            text: `${verification.holds ? 'yes' : 'no'}: ${readable(verification.says, nameOf)}`,
            tone: verification.holds ? 'good' : 'bad',
          },
    ],
    ['  rolled back', rollback === null ? null : rolledBack(rollback)],
    ['  needs you', escalation === null || endedAt !== null ? null : { text: readable(escalation.says, nameOf), tone: 'bad' }],
    ['  in doubt', undetermined === null ? null : { text: readable(undetermined, nameOf), tone: 'bad' }],
    ['  declared', declared === null ? null : `${declared.outcome} by ${readable(declared.by, nameOf)}: ${declared.reason}`],
    ['  ended', outcome === null ? null : { text: outcomeSays === null ? outcome : `${outcome}: ${outcomeSays}`, tone: toneOf(outcome) }],
  ])
  const { says, commands } = nextStep(incident, {
    incident: shortId(incident.id),
    target: nameOf(incident.targetId),
    host: nameOf(incident.hostId),
  })
  section(page, 'What to do next')
  page.item('  ', { text: says, tone: incident.endedAt === null && commands.length > 0 ? 'warn' : 'plain' })
  for (const command of commands) page.item('    ', { text: command, tone: 'accent' })
}

const rolledBack = ({ provenAt, startedAt, changedByOthers }: NonNullable<Incident['rollback']>): Readonly<{ text: string; tone: Tone }> =>
  provenAt === null
    ? changedByOthers.length > 0
      ? { text: 'no: it would have overwritten what somebody else has changed since', tone: 'bad' }
      : { text: 'begun; not proven yet', tone: 'warn' }
    : { text: `the earlier state is back, proven after ${duration(Date.parse(provenAt) - Date.parse(startedAt))}`, tone: 'good' }

function section(page: Page, title: string): void {
  page.blank()
  page.heading(title)
}
