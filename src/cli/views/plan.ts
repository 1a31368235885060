/** A plan as a person must see it before saying yes: what it does, what it changes, what can go wrong, how it is taken back. */
import type { Plan } from '../client/shapes.ts'
import { duration } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import { valueText } from './value.ts'

export function drawPlan(page: Page, plan: Plan): void {
  const { action, risk, reversibility, windowMs, timeoutMs, chosenBy, confidence } = plan
  page.fields([
    ['plan', { text: plan.title, tone: 'strong' }],
    ['because', plan.diagnosis],
    ['risk', { text: `${risk}, ${reversibility}`, tone: toneOf(risk) }],
    ['action', `${action.id} version ${action.version}`],
    ...Object.entries(action.params).map(([name, value]) => ['', `${name} = ${valueText(value)}`] as const),
    ['chosen by', chosenBy === 'analyst' ? `analyst, ${Math.round(confidence * 100)} % sure` : chosenBy],
    ...plan.steps.map((step, index) => [index === 0 ? 'steps' : '', `${index + 1}. ${step}`] as const),
    ['touches', plan.resources.join(', ')],
    ['snapshot', plan.snapshot.join(', ')],
    ['proof', `must hold in every look for ${duration(windowMs)}; a step may take ${duration(timeoutMs)}`],
    ['rollback', plan.rollback],
    ['plan hash', plan.planHash],
  ])
  for (const { path, diff } of plan.diffs) {
    if (diff === '') continue
    page.blank()
    page.text(path, 'dim')
    page.diff(diff.replace(/\n$/, ''))
  }
}
