/**
 * The story of an incident, a line per event with the time since its beginning. What the screen says elsewhere at length - the diagnosis, the plan, why
 * it failed - is only named here; `full` has every sentence of the log as it was written.
 */
import type { NameOf } from '../client/names.ts'
import type { Incident } from '../client/shapes.ts'
import { since } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { type Tone, toneOf } from '../screen/paint.ts'
import { readable } from './readable.ts'
import { actorText } from './value.ts'

type Entry = Incident['timeline'][number]

export type TimelineOptions = Readonly<{ nameOf: NameOf; full: boolean }>

export function drawTimeline(page: Page, incident: Incident, { nameOf, full }: TimelineOptions): void {
  const { timeline, openedAt } = incident
  const shown = full ? timeline : timeline.filter(({ type }) => !MACHINERY.test(type))
  const times = shown.map(({ at }) => since(openedAt, at).slice(0, LONGEST_TIME))
  const width = times.reduce((most, { length }) => Math.max(most, length), 0)
  for (const [index, entry] of shown.entries()) {
    const text = full ? `${entry.text} (${actorText(entry.actor)})` : told(entry, incident, nameOf)
    page.item(`  ${(times[index] ?? '').padEnd(width)}  `, { text, tone: toneOfEntry(entry) })
  }
  const hidden = timeline.length - shown.length
  if (hidden > 0) page.item('  ', { text: `${hidden} more are about timers, effects and resources: --full.`, tone: 'dim' })
}

const LONGEST_TIME = 16

/** How the machine does it, as opposed to what happens; of use to whoever looks for a fault in Steward itself. */
const MACHINERY = /^(?:Effect|Timeout|Lanes|CommandRefused$|RemedyApplied$|FixWorked$|IncidentWaits$|ApprovalUsed$)/

function told({ type, text }: Entry, { severity, diagnosis, verification }: Incident, nameOf: NameOf): string {
  switch (type) {
    case 'IncidentOpened':
      return `Detected (${severity}).`
    case 'AnomalyAttached':
      return 'Seen again.'
    case 'IncidentDiagnosed':
      return diagnosis === null ? readable(text, nameOf) : `Diagnosed by the ${diagnosis.by}.`
    case 'ExecutionStarted':
      return 'Began to carry out the plan.'
    case 'VerificationFinished':
      return verification === null ? readable(text, nameOf) : text.startsWith('Verified') ? 'The cure is proven.' : 'Not cured.'
    case 'RollbackStarted':
      return 'Began to put the earlier state back.'
    case 'RollbackProven':
      return 'The earlier state is back, proven.'
    case 'IncidentResolved':
      return `${text.split(': ', 1).join()}.`
    case 'FixFailed':
      return 'The fix failed; it counts against this fault.'
    case 'IncidentEscalated':
      return `Called a person: ${/\(([^()]+)\)/.exec(text)?.[1] ?? 'cannot go on alone'}.`
    default:
      return readable(text, nameOf)
  }
}

const tones: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ['IncidentOpened', 'strong'],
  ['IncidentResolved', 'good'],
  ['RollbackProven', 'good'],
  ['IncidentEscalated', 'bad'],
  ['OutcomeUndetermined', 'bad'],
  ['TargetFrozen', 'bad'],
  ['RollbackStarted', 'warn'],
  ['ApprovalRequested', 'warn'],
])

function toneOfEntry({ type, text }: Entry): Tone {
  if (type === 'StepRun') return / failed /.test(text) ? toneOf('failed') : 'plain'
  if (type === 'VerificationFinished') return text.startsWith('Verified') ? 'good' : 'bad'
  return tones.get(type) ?? 'plain'
}
