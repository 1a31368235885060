/** `steward stream` and `steward replay`: everything that happened to one thing, and its state as of any moment. Both read the log itself. */
import type { Command } from 'commander'
import { ApiRefusal } from '../client/api-refusal.ts'
import type { Query, StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { streamOf } from '../client/references.ts'
import type { StewardEvent, StreamState } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { jsonText } from '../screen/json-text.ts'
import { localTime, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'
import { eventColumns, eventRow } from '../views/event.ts'
import { actorText, factsText } from '../views/value.ts'
import { streamNames } from './events.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const STREAM =
  'A stream is named by what it is about and its id, e.g. incident-0199f0a0-0000-7000-8000-000000000001; `events list` shows the names. The end of the id is enough, and of hosts and targets the name: target-web.'
const AT = 'as of a position, or a time (ISO 8601); default: now'

export function defineStreams(program: Command, { run }: Define): void {
  const stream = program
    .command('stream')
    .summary('everything that happened to one thing')
    .description(`Everything that happened to one thing. ${STREAM}`)
  addListOptions(stream.command('show <stream>'), 100)
    .summary('list its events, oldest first')
    .option('--newest', 'newest first')
    .action(run(showStream))
  stream.command('state <stream>').summary('its state, folded from its events').option('--at <moment>', AT).action(run(showState))

  program
    .command('replay <stream>')
    .summary('tell the history of one thing up to a moment, and its state then')
    .description(`Replays a stream: every event up to a moment, then the state that they add up to. ${STREAM}`)
    .option('--at <moment>', AT)
    .action(run(replay))
}

const path = (stream: string, rest: string): string => `/api/v1/streams/${encodeURIComponent(stream)}/${rest}`

async function showStream(session: Session, given: string, flags: ListFlags & Readonly<{ newest?: boolean }>): Promise<void> {
  const { out } = session
  const query: Query = { order: flags.newest === true ? 'newest' : 'oldest' }
  const client = await session.api()
  const page = await fetchList<StewardEvent>(client, path(await streamOf(client, given), 'events'), query, flags)
  const nameOf = await streamNames(session, client)
  out.show(page, (screen) =>
    screen.table(
      eventColumns,
      page.items.map((event) => eventRow(event, { nowMs: out.nowMs, nameOf })),
      'The stream has no event.',
    ),
  )
  tellMore(out, page)
}

async function showState(session: Session, given: string, { at }: Readonly<{ at?: string }>): Promise<void> {
  const client = await session.api()
  const state = await client.get<StreamState>(path(await streamOf(client, given), 'state'), { at })
  session.out.show(state, (page) => drawState(page, state, session.out.nowMs))
}

async function replay(session: Session, given: string, { at }: Readonly<{ at?: string }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const stream = await streamOf(client, given)
  const state = await stateOf(client, stream, at)
  const { items } = await fetchList<StewardEvent>(client, path(stream, 'events'), { order: 'oldest' }, { all: true })
  // A moment between two events of the stream is that of the one before it.
  const events = state === null ? items : items.filter(({ revision }) => isUpTo(revision, state.revision))
  out.show({ events, state }, (page) => {
    page.heading(stream)
    for (const { revision, recordedAt, type, metadata, data } of events) {
      page.item(`${revision.padStart(4)}  ${localTime(recordedAt)}  `, `${type}  by ${actorText(metadata.actor)}`)
      page.item('      ', { text: factsText(data), tone: 'dim' })
    }
    page.blank()
    if (state === null) page.text('It has no state of its own: it is the record of a process, a command or an effect.', 'dim')
    else drawState(page, state, out.nowMs)
  })
}

/** Only things have one; what Steward does about them is told by its events alone, and there is no moment of it to stop at. */
async function stateOf(client: StewardClient, stream: string, at: string | undefined): Promise<StreamState | null> {
  try {
    return await client.get<StreamState>(path(stream, 'state'), { at })
  } catch (error) {
    if (error instanceof ApiRefusal && error.code === 'NOT_FOUND' && at === undefined) return null
    throw error
  }
}

const isUpTo = (revision: string, last: string): boolean => {
  const [one, other] = [Number(revision), Number(last)]
  return Number.isNaN(one) || Number.isNaN(other) || one <= other
}

function drawState(page: Page, { aggregate, revision, position, at, state }: StreamState, nowMs: number): void {
  page.heading(`State: ${aggregate}, after revision ${revision} at position ${position}, ${moment(at, nowMs)}`)
  page.block(jsonText(state))
}
