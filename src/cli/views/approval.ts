/** An approval on a screen: who is asked for what until when, and the plan in full - it is what a person agrees to. */
import type { NameOf } from '../client/names.ts'
import type { Approval } from '../client/shapes.ts'
import { moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import { shortId } from '../screen/table.ts'
import { drawPlan } from './plan.ts'
import { readable } from './readable.ts'

export type ApprovalViewOptions = Readonly<{ nowMs: number; nameOf: NameOf }>

export function drawApproval(page: Page, approval: Approval, { nowMs, nameOf }: ApprovalViewOptions): void {
  const { incident, plan, state, expiresAt } = approval
  page.heading(incident?.title ?? `Approval ${approval.id}`)
  page.fields([
    ['state', { text: state, tone: toneOf(state) }],
    ['target', incident === null ? null : `${nameOf(incident.targetId)} on ${nameOf(incident.hostId)}`],
    ['incident', incident === null ? approval.incidentId : `${shortId(approval.incidentId)} (${incident.severity}, ${incident.state})`],
    ['asked', `${moment(approval.requestedAt, nowMs)} by ${readable(approval.requestedBy, nameOf)}`],
    ['expires', state === 'pending' || state === 'granted' ? moment(expiresAt, nowMs) : null],
    ['approvers', approversOf(approval)],
    ['decided', decisionOf(approval, { nowMs, nameOf })],
    ['approval', approval.id],
  ])
  page.blank()
  if (plan !== null) {
    page.heading('The plan')
    drawPlan(page, plan)
    return
  }
  page.text(
    state === 'pending'
      ? 'Another plan has taken the place of the one that this approval was asked for.'
      : 'The plan is shown with its incident: other plans may have followed this one.',
    'warn',
  )
  page.item('  ', `plan hash  ${approval.planHash}`)
}

/** For whoever has read it: what to type now. */
export function drawDecision(page: Page, { id, incidentId, state, plan }: Approval): void {
  page.blank()
  page.heading('What to do next')
  if (state !== 'pending' || plan === null) {
    page.item('  ', state === 'pending' ? 'Nothing: this plan cannot run any more.' : `Nothing: it is ${state}.`)
    page.item('    ', { text: `steward incident show ${shortId(incidentId)}`, tone: 'accent' })
    return
  }
  page.item('  ', { text: 'Decide:', tone: 'warn' })
  for (const command of [`steward approval approve ${shortId(id)}`, `steward approval reject ${shortId(id)} --reason '...'`])
    page.item('    ', { text: command, tone: 'accent' })
}

const approversOf = ({ grantedBy, approversNeeded }: Approval): string =>
  `${grantedBy.length} of ${approversNeeded}${grantedBy.length === 0 ? '' : `: ${grantedBy.join(', ')}`}`

/** A grant is told by its approvers already; only when it happened is missing there. */
function decisionOf({ decidedAt, decidedBy, reason }: Approval, { nowMs, nameOf }: ApprovalViewOptions): string | null {
  if (decidedAt === null) return null
  const by = decidedBy === null ? '' : ` by ${readable(decidedBy, nameOf)}`
  return `${moment(decidedAt, nowMs)}${by}${reason === null ? '' : `: ${reason}`}`
}
