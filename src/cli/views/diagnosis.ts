/** What is thought to be the cause, and by whom: of an analyst also what it rests on and what it proposes, so that a person can doubt it. */
import type { Incident } from '../client/shapes.ts'
import type { Page } from '../screen/page.ts'

export function drawDiagnosis(page: Page, { diagnosis, evidence }: Pick<Incident, 'diagnosis' | 'evidence'>): void {
  if (diagnosis === null) return
  const { by, text, confidence, actionId, why, evidenceIds, model } = diagnosis
  page.item('  ', text)
  if (by === 'catalogue') return
  const nameOf = (id: string): string =>
    id === LINE ? 'the line that was seen' : (evidence.find(({ evidenceId }) => evidenceId === id)?.probe ?? id)
  const grounds = evidenceIds.length === 0 ? 'nothing that was seen' : evidenceIds.map(nameOf).join(', ')
  const says = model === null ? 'the analyst' : `the analyst ${model}`
  page.item('  ', { text: `So says ${says}, ${Math.round(confidence * 100)} % sure, resting on ${grounds}.`, tone: 'dim' })
  page.item('  ', { text: actionId === null ? 'It proposes no action.' : `It proposes ${actionId}.`, tone: 'dim' })
  if (why !== null && why !== '') page.item('  because  ', { text: why, tone: 'dim' })
}

/** The evidence id of the line that opened the incident. */
const LINE = 'line-1'
