/** A plan as a person must see it before saying yes: what it does, what it changes, what can go wrong, how it is taken back. */
import type { Plan } from '../client/shapes.ts'
import { duration } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import { plainLines } from './facts.ts'

export type PlanViewOptions = Readonly<{
  /** Why it asks a person, as far as that is known. */
  because?: readonly string[]
  /** Left out where the screen has said it already. Default: said. */
  withDiagnosis?: boolean
}>

export function drawPlan(page: Page, plan: Plan, { because = [], withDiagnosis = true }: PlanViewOptions = {}): void {
  const { action, risk, reversibility, windowMs, timeoutMs, chosenBy, confidence } = plan
  page.item('  ', { text: plan.title, tone: 'strong' })
  page.fields([
    ['  because', withDiagnosis ? plan.diagnosis : null],
    ['  risk', { text: `${risk}, ${reversibility}`, tone: toneOf(risk) }],
    ['  asks you', because.join('; ')],
    ...plan.steps.map((step, index) => [index === 0 ? '  steps' : '', `${index + 1}. ${step}`] as const),
    ['  touches', plan.resources.join(', ')],
    ['  proof', `the cure must hold in every look for ${duration(windowMs)}; a step may take ${duration(timeoutMs)}`],
    ['  rollback', plan.rollback],
    ['  kept for it', plan.snapshot.join(', ')],
    [
      '  action',
      `${action.id} version ${action.version}${chosenBy === 'analyst' ? `, chosen by the analyst, ${Math.round(confidence * 100)} % sure` : ''}`,
    ],
    ...plainLines(action.params).map((line) => ['', line] as const),
    ['  plan hash', plan.planHash],
  ])
  drawDifferences(page, plan)
}

/** What the plan changes in files, line by line. */
export function drawDifferences(page: Page, { diffs }: Pick<Plan, 'diffs'>): void {
  for (const { path, diff } of diffs) {
    if (diff === '') continue
    page.blank()
    page.item('  ', { text: `${path}: - goes, + comes`, tone: 'dim' })
    page.diff(withoutHeader(diff))
  }
}

/** The path stands above it already. */
export const withoutHeader = (diff: string): string => {
  const lines = diff.replace(/\n$/, '').split('\n')
  const first = lines.findIndex((line) => line.startsWith('@@'))
  return lines.slice(Math.max(0, first)).join('\n')
}
