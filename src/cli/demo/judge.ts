/** What most parts ask at the end: how the incident ended, and how many actions ran on the host, counted by its marks. */
import { countActions, readMarks } from './marks.ts'
import type { Findings, Outcome, Stage } from './part.ts'
import type { Told } from './story.ts'

/** Call before the fault: counts what ran on the host since. */
export async function countFromNow({ target }: Pick<Stage, 'target'>): Promise<() => Promise<number>> {
  const before = countActions(await readMarks(target.stateDir))
  return async () => countActions(await readMarks(target.stateDir)) - before
}

export function outcomeOf({ incident, detectedAfterMs, fixedAfterMs, events }: Told, actions: number, { problems }: Findings): Outcome {
  const says = incident.outcome ?? incident.escalation?.reason ?? incident.state
  return { detectedAfterMs, ...(fixedAfterMs === undefined ? {} : { fixedAfterMs }), actions, says: words[says] ?? says, events, problems }
}

const words: Readonly<Record<string, string>> = {
  'not-confirmed': 'not confirmed',
  'fix-failed-rolled-back': 'rolled back',
}

export function expectFixed(findings: Findings, { incident }: Told): void {
  findings.expect(
    incident.outcome === 'fixed' && incident.verification?.holds === true,
    'Steward says: fixed, and the cure was proven',
    `the incident ended ${incident.outcome ?? incident.state}: ${incident.outcomeSays ?? incident.escalation?.says ?? 'no reason given'}`,
  )
}
