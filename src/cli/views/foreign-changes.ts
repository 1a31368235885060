/** What a rollback would have overwritten of somebody else's work: as it was before the action, as the action left it, as it is now. */
import type { Incident } from '../client/shapes.ts'
import type { Page } from '../screen/page.ts'
import { withoutHeader } from './plan.ts'

export function drawForeignChanges(page: Page, { rollback }: Pick<Incident, 'rollback'>): void {
  for (const { what, before, left, now, sinceBefore, sinceLeft } of rollback?.changedByOthers ?? []) {
    page.blank()
    page.item('  ', { text: `${what}, changed by somebody else since`, tone: 'strong' })
    page.fields([
      ['  before', before],
      ['  after the action', left],
      ['  now', { text: now, tone: 'warn' }],
    ])
    const [from, diff] = sinceLeft !== null ? ['what the action left', sinceLeft] : ['the snapshot', sinceBefore]
    if (diff === null || diff === '') continue
    page.item('  ', { text: `from ${from} to now: - goes, + comes`, tone: 'dim' })
    page.diff(withoutHeader(diff))
  }
}
