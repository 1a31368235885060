/** An incident told to a person: how it is, what was seen, what is known, what is planned, what was done, and the story of it. */
import type { NameOf } from '../client/names.ts'
import type { Incident } from '../client/shapes.ts'
import { ago, localTime, moment, since } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { type Tone, toneOf } from '../screen/paint.ts'
import { drawPlan } from './plan.ts'
import { actorText, factsText } from './value.ts'

export type IncidentViewOptions = Readonly<{
  nowMs: number
  nameOf: NameOf
  /** With the machinery: timers, effects, resources. */
  full: boolean
}>

export function drawIncident(page: Page, incident: Incident, options: IncidentViewOptions): void {
  drawSituation(page, incident, options)
  if (incident.excerpt !== '') {
    section(page, 'Seen')
    page.block(incident.excerpt)
  }
  drawEvidence(page, incident)
  if (incident.plan !== null) {
    section(page, 'Plan')
    drawPlan(page, incident.plan)
  }
  drawExecution(page, incident, options)
  drawTimeline(page, incident, options)
}

function drawSituation(page: Page, incident: Incident, { nowMs, nameOf }: IncidentViewOptions): void {
  const { title, state, severity, waitingFor, approvalId, openedAt, endedAt, acknowledgedBy, outcome, outcomeSays, escalation } = incident
  page.heading(title)
  page.fields([
    ['incident', incident.id],
    ['state', { text: waitingFor === null ? state : `${state}, waits for ${waitingFor}`, tone: toneOf(state) }],
    ['severity', { text: severity, tone: toneOf(severity) }],
    ['target', `${nameOf(incident.targetId)} (${incident.service}) on ${nameOf(incident.hostId)}`],
    ['fault', incident.faultId ?? 'not in the catalogue'],
    ['opened', moment(openedAt, nowMs)],
    ['acknowledged', acknowledgedBy],
    ['ended', endedAt === null ? null : `${moment(endedAt, nowMs)}, after ${since(openedAt, endedAt).slice(1)}`],
    ['outcome', outcome === null ? null : { text: outcomeSays === null ? outcome : `${outcome}: ${outcomeSays}`, tone: toneOf(outcome) }],
    ['escalated', escalation === null ? null : { text: `${escalation.reason}: ${escalation.says}`, tone: 'bad' }],
    ['in doubt', incident.undetermined === null ? null : { text: incident.undetermined, tone: 'bad' }],
    [
      'declared',
      incident.declared === null ? null : `${incident.declared.outcome} by ${incident.declared.by}: ${incident.declared.reason}`,
    ],
    ['approval', approvalId],
  ])
}

const verdictTones: Readonly<Record<string, Tone>> = { holds: 'good', 'does-not-hold': 'bad', unknown: 'warn' }

function drawEvidence(page: Page, { evidence, finding, diagnosis }: Incident): void {
  if (finding !== null || evidence.length > 0) section(page, 'Evidence, from the host itself')
  if (finding !== null) page.text(`The last look: ${finding}`)
  for (const { probe, verdict, facts, says } of evidence) {
    page.item(`  ${verdict}  `, probe, verdictTones[verdict] ?? 'plain')
    if (Object.keys(facts).length > 0) page.item('    ', { text: factsText(facts), tone: 'dim' })
    if (says !== null && says !== '') page.block(says)
  }
  if (diagnosis === null) return
  section(page, 'Diagnosis')
  const by =
    diagnosis.by === 'analyst'
      ? `analyst${diagnosis.model === null ? '' : ` ${diagnosis.model}`}, ${Math.round(diagnosis.confidence * 100)} % sure`
      : diagnosis.by
  page.item(`${by}: `, diagnosis.text)
}

function drawExecution(page: Page, { steps, verification, rollback, executionId }: Incident, { nowMs }: IncidentViewOptions): void {
  if (executionId === null && steps.length === 0) return
  section(page, 'Execution')
  for (const { step, say, outcome, exitCode, says, at } of steps) {
    const exit = exitCode === null || exitCode === 0 ? '' : `, exit code ${exitCode}`
    page.item(`  ${outcome}${exit}  `, `${say} [${step}], ${ago(at, nowMs)}`, toneOf(outcome))
    if (says !== null && says !== '') page.block(says)
  }
  page.fields([
    [
      'verified',
      verification === null
        ? null
        : { text: `${verification.holds ? 'yes' : 'no'}: ${verification.says}`, tone: verification.holds ? 'good' : 'bad' },
    ],
    ['rolled back', rollback === null ? null : `because ${rollback.because}`],
    [
      '',
      rollback === null
        ? null
        : rollback.provenAt === null
          ? { text: 'not proven yet', tone: 'warn' }
          : { text: `proven ${ago(rollback.provenAt, nowMs)}`, tone: 'good' },
    ],
  ])
}

/** How the machine does it, as opposed to what happens; of use to whoever looks for a fault in Steward itself. */
const machinery = /^(?:Effect|Timeout|Lanes|CommandRefused$|RemedyApplied$|FixWorked$|IncidentWaits$)/

function drawTimeline(page: Page, incident: Incident, { nowMs, nameOf, full }: IncidentViewOptions): void {
  const { timeline, openedAt, targetId, hostId } = incident
  const shown = full ? timeline : timeline.filter(({ type }) => !machinery.test(type))
  section(page, `Timeline, from ${localTime(openedAt)} (${ago(openedAt, nowMs)})`)
  const times = shown.map(({ at }) => since(openedAt, at))
  const actors = shown.map(({ actor }) => actorText(actor))
  const widest = (texts: readonly string[]): number => texts.reduce((most, { length }) => Math.max(most, Math.min(length, 24)), 0)
  const [timeWidth, actorWidth] = [widest(times), widest(actors)]
  for (const [index, { text, type }] of shown.entries()) {
    const label = `  ${(times[index] ?? '').slice(0, 24).padEnd(timeWidth)}  ${(actors[index] ?? '').slice(0, 24).padEnd(actorWidth)}  `
    page.item(label, { text: withNames(text, [targetId, hostId], nameOf), tone: timelineTone(type, text) })
  }
  const hidden = timeline.length - shown.length
  if (hidden > 0) page.item('  ', { text: `Not shown: ${hidden} about timers, effects and resources; --full shows them.`, tone: 'dim' })
}

const timelineTones: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ['IncidentOpened', 'strong'],
  ['IncidentResolved', 'good'],
  ['RollbackProven', 'good'],
  ['IncidentEscalated', 'bad'],
  ['OutcomeUndetermined', 'bad'],
  ['TargetFrozen', 'bad'],
  ['RollbackStarted', 'warn'],
  ['ApprovalRequested', 'warn'],
])

const timelineTone = (type: string, text: string): Tone =>
  type === 'StepRun' && / failed /.test(text)
    ? 'bad'
    : type === 'VerificationFinished'
      ? text.startsWith('Verified')
        ? 'good'
        : 'bad'
      : (timelineTones.get(type) ?? 'plain')

/** Sentences name targets by id, for they outlive names. On a screen the name of today says more. */
const withNames = (text: string, ids: readonly string[], nameOf: NameOf): string =>
  ids.reduce((told, id) => (id === '' ? told : told.replaceAll(id, nameOf(id))), text)

function section(page: Page, title: string): void {
  page.blank()
  page.heading(title)
}
