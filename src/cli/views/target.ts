/** A watched service on a screen: how it is and why, what may be done to it, and what Steward keeps of it. */
import type { NameOf } from '../client/names.ts'
import type { Target } from '../client/shapes.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import type { Cell } from '../screen/table.ts'
import { shortId } from '../screen/table.ts'
import { plainFacts } from './facts.ts'
import { readable } from './readable.ts'
import { count } from './value.ts'

export type TargetViewOptions = Readonly<{ nowMs: number; nameOf: NameOf }>

export function drawTarget(page: Page, target: Target, { nowMs, nameOf }: TargetViewOptions): void {
  const { name, status, pausedReason, frozenBy, frozenReason, anomalies, lastAnomalyAt } = target
  page.heading(name)
  page.fields([
    ['status', { text: status, tone: toneOf(status) }],
    ['service', target.service === 'server' ? 'a managed server' : `${target.service} on ${nameOf(target.hostId)}`],
    ['mode', { text: target.mode, tone: toneOf(target.mode) }],
    ['seen', seenText(target, { nowMs, nameOf })],
    ['paused', pausedReason === null ? null : { text: pausedReason, tone: 'warn' }],
    [
      'frozen',
      frozenReason === null
        ? null
        : { text: `${readable(frozenReason, nameOf)}${frozenBy === null ? '' : `, by incident ${shortId(frozenBy)}`}`, tone: 'bad' },
    ],
    [
      'incidents',
      target.openIncidents === 0
        ? 'none open'
        : { text: `${target.openIncidents} open, worst ${target.worstSeverity ?? 'unknown'}`, tone: 'bad' },
    ],
    ['anomalies', lastAnomalyAt === null ? String(anomalies) : `${anomalies}, last ${ago(lastAnomalyAt, nowMs)}`],
    ['logs', target.logPaths.join(', ')],
    ['log gaps', target.logGaps === 0 ? null : { text: `${target.logGaps}: lines that were gone before they could be read`, tone: 'warn' }],
    ['config', target.configPaths.join(', ')],
    ['connection', target.connection === null ? null : plainFacts(target.connection)],
    ['state dir', target.stateDir],
    [
      'baseline',
      target.baselineAt === null
        ? { text: 'not recorded yet, so nothing could be put back', tone: 'warn' }
        : `${count(target.baselineEntries, 'entry', 'entries')}, ${moment(target.baselineAt, nowMs)}`,
    ],
    ['registered', `${moment(target.registeredAt, nowMs)} by ${readable(target.registeredBy, nameOf)}`],
    ['id', target.id],
  ])
}

/** What leads on from how it is; nothing where it is well. */
export function drawWhatToDo(page: Page, target: Target): void {
  const commands = whatToDo(target)
  if (commands.length === 0) return
  page.blank()
  page.heading('What to do next')
  for (const command of commands) page.item('    ', { text: command, tone: 'accent' })
}

/** The moment is that since which it can be seen, not that of the last look: a target that is well writes no event. */
function seenText({ visibility, unseenReason, seenAt }: Target, { nowMs, nameOf }: TargetViewOptions): Cell {
  if (visibility === 'visible')
    return { text: `yes, ${seenAt === null ? 'since it was added' : `since ${moment(seenAt, nowMs)}`}`, tone: 'good' }
  if (visibility === 'unknown') return { text: 'not looked at yet', tone: 'warn' }
  return { text: `no: ${readable(unseenReason ?? 'unknown', nameOf)}`, tone: 'bad' }
}

/** The commands that lead on from how it is; none where Steward goes on by itself, or nothing is wrong. */
export function whatToDo({ name, status }: Pick<Target, 'name' | 'status'>): readonly string[] {
  switch (status) {
    case 'frozen':
      return [`steward incident list --target ${name}`, `steward target unfreeze ${name} --reason '...'`]
    case 'paused':
      return [`steward target resume ${name}`]
    case 'unseen':
      return ['steward host list', `steward incident list --open --target ${name}`]
    case 'troubled':
      return [`steward incident list --open --target ${name}`]
    default:
      return []
  }
}
