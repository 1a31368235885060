/** Events on a screen: one per line, one alone, and the chain that one stands in. */
import type { NameOf } from '../client/names.ts'
import type { Causality, StewardEvent } from '../client/shapes.ts'
import { jsonText } from '../screen/json-text.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Cell, Column } from '../screen/table.ts'
import { streamText } from './readable.ts'
import { actorText } from './value.ts'

export const eventColumns: readonly Column[] = [
  { head: 'POSITION', align: 'right' },
  { head: 'WHEN' },
  { head: 'TYPE', kind: 'text' },
  { head: 'STREAM', kind: 'text' },
  { head: 'ACTOR', kind: 'text' },
  { head: 'ID', kind: 'id' },
]

export const eventRow = (
  { position, recordedAt, type, stream, metadata, id }: StewardEvent,
  { nowMs, nameOf }: Readonly<{ nowMs: number; nameOf: NameOf | undefined }>,
): readonly Cell[] => [
  position,
  ago(recordedAt, nowMs),
  type,
  nameOf === undefined ? stream : streamText(stream, nameOf),
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

/** Chains are long, and what is on them is to be read: further down they go straight. */
const DEEPEST = 6

export function drawCausality(page: Page, { event, causes, effects }: Causality, nameOf: NameOf): void {
  const line = (indent: number, mark: string, { type, stream, actor, position }: Omit<Link, 'depth'>): void =>
    page.item(
      `${'  '.repeat(Math.min(indent, DEEPEST))}${mark} `,
      `${type}  ${streamText(stream, nameOf)}  by ${actorText(actor)}, at ${position}`,
    )
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
