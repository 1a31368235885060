/** The plan as a person sees it before saying yes: what it does, what can go wrong, and how it is taken back. */
import type { Screen } from './screen.ts'
import type { Incident } from './steward-api.ts'

export type Plan = NonNullable<Incident['plan']>

const DIFF_LINES = 14

export function showPlan(screen: Screen, { plan, authority }: Readonly<{ plan: Plan; authority: Incident['authority'] }>): void {
  const because = authority !== null && Array.isArray(authority['because']) ? authority['because'].map(String).join('; ') : ''
  screen.heading(`   Plan: ${plan.title}`)
  const row = (name: string, text: string): void => screen.say(text, `     ${name.padEnd(10)}`)
  row('action', `${plan.action.id} version ${plan.action.version}`)
  row('risk', `${plan.risk}, ${plan.reversibility}`)
  if (because !== '') row('asks you', because)
  for (const [index, step] of plan.steps.entries()) row(index === 0 ? 'steps' : '', `${index + 1}. ${step}`)
  row('proof', `the postcondition must hold in every probe of ${plan.windowMs / 1_000} s`)
  row('rollback', plan.rollback)
  for (const { path, diff } of plan.diffs) if (diff !== '') showDiff(screen, path, diff)
  row('hash', `${plan.planHash.slice(0, 16)}… the approval is bound to exactly this plan`)
}

function showDiff(screen: Screen, path: string, diff: string): void {
  const lines = diff.split('\n').filter((line) => /^[+-](?![+-])/.test(line))
  screen.say(`${path}`, '     change    ')
  for (const line of lines.slice(0, DIFF_LINES)) screen.raw(`               ${line}`)
  if (lines.length > DIFF_LINES) screen.raw(`               … ${lines.length - DIFF_LINES} lines more`)
}
