/** Events found by the index, with their data from the log itself; and the chain of causes and effects around one of them. */
import { type RawBuilder, sql } from 'kysely'
import type { EventStore, RecordedEvent } from '../../domain/ports/event-store.ts'
import { decodeRow } from '../columns.ts'
import { type EventIndexRow, eventIndex } from '../event-index.ts'
import { createGate } from '../gate.ts'
import type { Row } from '../projection.ts'
import { columnList } from '../tables.ts'
import type { QueryContext } from './context.ts'
import type { CausalLink, EventFilter, EventQueries, EventRecord } from './index.ts'
import { answerPosition, between, equal, oneOf, positionOf, readOne, readPage, run } from './statement.ts'

const models = [eventIndex]
const CHAIN_LIMIT = 1_000
const READS_AT_ONCE = 8

export function eventQueries({ database, eventStore, ready }: QueryContext): EventQueries {
  const showOne: EventQueries['show'] = async (eventId, options = {}) => {
    await ready(models, options)
    const { row, position } = await readOne(database, { model: eventIndex, models }, sql`event_id = ${eventId}`)
    const [value] = row ? await withData(eventStore, [indexRow(row)]) : []
    return { value, position }
  }

  return {
    async list(options = {}) {
      await ready(models, options)
      const direction = options.order === 'oldest' ? 'asc' : 'desc'
      const source = { model: eventIndex, models, filters: filtersOf(options), orderBy: 'position', direction } as const
      const { rows, ...page } = await readPage(database, source, options)
      return { items: await withData(eventStore, rows.map(indexRow)), ...page }
    },
    show: showOne,
    async causality(eventId, options) {
      const { value: event, position } = await showOne(eventId, options)
      if (!event) return { value: undefined, position }
      const chain = async (statement: RawBuilder<unknown>): Promise<{ links: CausalLink[]; position: bigint }> => {
        const { rows } = await run<Row>(database, models, statement)
        const links = rows
          .filter((row) => row['position'] !== null)
          .map((row) => ({ ...indexRow(decodeRow(eventIndex.columns, row)), depth: Number(row['depth']) }))
        return { links, position: answerPosition(rows[0]) }
      }
      const causes = await chain(causesOf(event))
      const effects = await chain(effectsOf(event))
      const correlated = await chain(correlatedWith(event))
      const positions = [position, causes.position, effects.position, correlated.position]
      return {
        value: {
          event,
          causes: causes.links,
          effects: effects.links,
          correlated: correlated.links.map(({ depth: _depth, ...row }) => row),
        },
        position: leastOf(positions),
      }
    },
  }
}

const leastOf = (positions: readonly bigint[]): bigint => positions.toSorted((a, b) => (a < b ? -1 : 1))[0] ?? 0n

const filtersOf = (filter: EventFilter): (RawBuilder<unknown> | undefined)[] => [
  oneOf('type', filter.types),
  equal('stream', filter.stream),
  // The character after the dash ends the range, so that the index serves it.
  filter.category === undefined ? undefined : sql`stream > ${`${filter.category}-`} and stream < ${`${filter.category}.`}`,
  equal('actor', filter.actor),
  equal('correlationId', filter.correlationId),
  equal('causationId', filter.causationId),
  equal('commandId', filter.commandId),
  ...between('at', filter.from, filter.until),
  filter.after === undefined ? undefined : sql`position > ${filter.after}`,
]

const columns = columnList(eventIndex)
const of = (name: string) =>
  sql.join(
    Object.keys(eventIndex.columns).map((column) => sql.ref(`${name}.${column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`)),
  )

/** A cause lies before its effect, so no chain goes round. What an operator's command caused names the command: its receipt is the link. */
const causesOf = ({ position }: EventIndexRow) => sql`
  with recursive chain as (
    select ${columns}, 0 as depth from event_index where position = ${position}
    union all
    select ${of('cause')}, chain.depth + 1
    from chain join event_index cause
      on (cause.event_id = chain.causation_id or (cause.stream = 'command-' || chain.causation_id and cause.revision = 0))
      and cause.position < chain.position
    where chain.depth < ${CHAIN_LIMIT}
  )
  ${answer(sql`select * from chain where depth > 0`)}`

/** `union`, not `union all`: an event is listed once, however many ways lead to it. */
const effectsOf = ({ position }: EventIndexRow) => sql`
  with recursive chain as (
    select ${columns}, 0 as depth from event_index where position = ${position}
    union
    select ${of('effect')}, chain.depth + 1
    from chain join event_index effect
      on (effect.causation_id = chain.event_id or (chain.revision = 0 and chain.stream = 'command-' || effect.causation_id))
      and effect.position > chain.position
    where chain.depth < ${CHAIN_LIMIT}
  )
  ${answer(sql`select distinct on (position) * from chain where depth > 0 order by position, depth limit ${CHAIN_LIMIT}`)}`

const correlatedWith = ({ correlationId }: EventIndexRow) =>
  answer(sql`select ${columns}, 0 as depth from event_index where correlation_id = ${correlationId} order by position limit ${CHAIN_LIMIT}`)

const answer = (rows: RawBuilder<unknown>) => sql`
  select checkpoint.answer_position, found.*
  from (${positionOf(models)}) checkpoint left join (${rows}) found on true
  order by found.position`

/** Written from rows of this type, through the same columns. */
const indexRow = (row: Row): EventIndexRow => row as EventIndexRow

/** Neighbours in a stream are read together. */
async function withData(eventStore: Pick<EventStore, 'readStream'>, rows: readonly EventIndexRow[]): Promise<EventRecord[]> {
  const found = new Map<bigint, RecordedEvent>()
  const gate = createGate(READS_AT_ONCE)
  const read = ({ stream, from, count }: Run): Promise<void> =>
    gate(async () => {
      for await (const event of eventStore.readStream(stream, { from, limit: count })) found.set(event.position, event)
    })
  await Promise.all(runsOf(rows).map(read))
  return rows.flatMap((row) => {
    const event = found.get(row.position)
    return event ? [{ ...row, schemaVersion: event.metadata.schemaVersion, data: event.data }] : []
  })
}

type Run = { stream: EventIndexRow['stream']; from: bigint; count: number }

function runsOf(rows: readonly EventIndexRow[]): Run[] {
  const runs: Run[] = []
  for (const { stream, revision } of rows.toSorted((a, b) =>
    a.stream === b.stream ? Number(a.revision - b.revision) : a.stream < b.stream ? -1 : 1,
  )) {
    const last = runs.at(-1)
    if (last && last.stream === stream && last.from + BigInt(last.count) === revision) last.count += 1
    else runs.push({ stream, from: revision, count: 1 })
  }
  return runs
}
