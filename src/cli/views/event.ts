/** Events on a screen: one per line, one alone, and the chain that one stands in. */
import type { Causality, StewardEvent } from '../client/shapes.ts'
import { jsonText } from '../screen/json-text.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Cell, Column } from '../screen/table.ts'
import { actorText } from './value.ts'

export const eventColumns: readonly Column[] = [
  { head: 'POSITION', align: 'right' },
  { head: 'WHEN' },
  { head: 'TYPE', kind: 'text' },
  { head: 'STREAM', kind: 'text' },
  { head: 'ACTOR', kind: 'text' },
  { head: 'ID', kind: 'id' },
]

export const eventRow = ({ position, recordedAt, type, stream, metadata, id }: StewardEvent, nowMs: number): readonly Cell[] => [
  position,
  ago(recordedAt, nowMs),
  type,
  stream,
  actorText(metadata.actor),
  id,
]

export function drawEvent(page: Page, event: StewardEvent, nowMs: number): void {
  const { metadata } = event
  page.heading(event.type)
  page.fields([
    ['id', event.id],
    ['stream', `${event.stream}, revision ${event.revision}`],
    ['position', event.position],
    ['recorded', moment(event.recordedAt, nowMs)],
    ['actor', metadata.actor],
    ['correlation', metadata.correlationId],
    ['causation', metadata.causationId],
    ['command', metadata.commandId],
    ['version', String(metadata.schemaVersion)],
  ])
  page.block(jsonText(event.data))
}

type Link = Causality['causes'][number]

export function drawCausality(page: Page, { event, causes, effects }: Causality): void {
  const line = (indent: number, mark: string, { type, stream, actor, position }: Omit<Link, 'depth'>): void =>
    page.item(`${'  '.repeat(Math.min(indent, 20))}${mark} `, `${type}  ${stream}  by ${actorText(actor)}, at ${position}`)
  page.heading('What led to it')
  if (causes.length === 0) page.item('  ', { text: 'nothing that is in the log', tone: 'dim' })
  for (const [index, cause] of causes.entries()) line(index, '└', cause)
  const { metadata, ...facts } = event
  page.heading('The event')
  line(causes.length, '●', { ...facts, ...metadata })
  page.heading('What came of it')
  if (effects.length === 0) page.item('  ', { text: 'nothing', tone: 'dim' })
  for (const effect of effects) line(causes.length + (effect.depth ?? 1), '└', effect)
}
