/** `steward events`: the log itself - listed, explained, followed live, exported. */
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { visible } from '../../domain/text/visible.ts'
import { ApiRefusal } from '../client/api-refusal.ts'
import type { StewardClient } from '../client/client.ts'
import { readEventStream } from '../client/event-stream.ts'
import { fetchList } from '../client/lists.ts'
import { type NameOf, namesOfAll } from '../client/names.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Causality, StewardEvent } from '../client/shapes.ts'
import { type Define, wholeNumber } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import { escapeUnseen } from '../screen/json-text.ts'
import { localTime } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'
import { drawCausality, drawEvent, eventColumns, eventRow } from '../views/event.ts'
import { streamText } from '../views/readable.ts'
import { actorText } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

export function defineEvents(program: Command, { run }: Define): void {
  const events = program
    .command('events')
    .summary('the log: everything that happened')
    .description('The log: everything that happened, in order.')

  addFilters(addListOptions(events.command('list'), 50))
    .alias('ls')
    .summary('list events, newest first')
    .option('--oldest', 'oldest first')
    .addHelpText(
      'after',
      '\nExamples:\n  steward events list --category incident\n  steward events list --types ApprovalGranted,ApprovalRejected --since 2026-11-01T00:00:00Z',
    )
    .action(run(listEvents))

  events.command('show <event>').summary('show an event with its data').action(run(showEvent))
  events
    .command('why <event>')
    .summary('what led to an event, and what came of it')
    .description('The causal chain of an event: what led to it, from the beginning of the story, and everything that came of it.')
    .action(run(showCausality))

  addFeedFilters(events.command('tail'))
    .summary('follow events as they are recorded')
    .description(
      'Shows events as they are recorded, until Ctrl-C. An outage is survived: it goes on behind the last event it showed, and leaves none out.',
    )
    .option('--from <position>', 'begin behind this position; 0 begins with the log (default: now)')
    .option('-n, --limit <number>', 'end after so many', wholeNumber(1, 1_000_000))
    .option('--data', 'with the data of each event')
    .addHelpText(
      'after',
      '\nExamples:\n  steward events tail\n  steward events tail --from 0 --types IncidentOpened,IncidentResolved --json | jq .data',
    )
    .action(run(tailEvents))

  addFilters(events.command('export'))
    .summary('write events to a file, oldest first')
    .addOption(
      new Option('--format <format>', 'one JSON object per line, or a table for a spreadsheet')
        .choices(['ndjson', 'csv'])
        .default('ndjson'),
    )
    .option('-o, --output <file>', 'where to (default: standard output)')
    .addHelpText(
      'after',
      '\nExamples:\n  steward events export --output log.ndjson\n  steward events export --format csv --category approval --output approvals.csv',
    )
    .action(
      run((session: Session, flags: ExportFlags) =>
        exportTo(session, '/api/v1/events/export', { ...queryOf(flags), format: flags.format }, flags),
      ),
    )
}

type FeedFlags = Readonly<{ types?: string; stream?: string; category?: string; correlation?: string; actor?: string }>
type FilterFlags = FeedFlags & Readonly<{ causation?: string; command?: string; since?: string; until?: string; after?: string }>
export type ExportFlags = FilterFlags & Readonly<{ format: string; output?: string }>

const addFeedFilters = (command: Command): Command =>
  command
    .option('--types <types>', 'of these types, separated by commas')
    .option('--stream <stream>', 'of this stream, e.g. incident-0199...')
    .option('--category <category>', 'of streams whose name begins so, e.g. incident')
    .option('--correlation <id>', 'of this correlation: one request or detection, and all that came of it')
    .option('--actor <actor>', 'caused by this actor')

const addFilters = (command: Command): Command =>
  addFeedFilters(command)
    .option('--causation <id>', 'directly caused by this event or command')
    .option('--command <id>', 'of this command')
    .option('--since <time>', 'recorded at or after this time (ISO 8601)')
    .option('--until <time>', 'recorded before this time (ISO 8601)')
    .option('--after <position>', 'behind this position')

const feedQueryOf = ({ types, stream, category, correlation, actor }: FeedFlags) => ({
  types,
  stream,
  category,
  correlation_id: correlation,
  actor,
})

const queryOf = (flags: FilterFlags) => ({
  ...feedQueryOf(flags),
  causation_id: flags.causation,
  command_id: flags.command,
  from: flags.since,
  until: flags.until,
  after: flags.after,
})

async function listEvents(session: Session, flags: FilterFlags & ListFlags & Readonly<{ oldest?: boolean }>): Promise<void> {
  const { out } = session
  const query = { ...queryOf(flags), order: flags.oldest === true ? 'oldest' : 'newest' }
  const client = await session.api()
  const [page, nameOf] = await Promise.all([fetchList<StewardEvent>(client, '/api/v1/events', query, flags), streamNames(session, client)])
  out.show(page, (screen) =>
    screen.table(
      eventColumns,
      page.items.map((event) => eventRow(event, { nowMs: out.nowMs, nameOf })),
      'There is no such event.',
    ),
  )
  tellMore(out, page)
}

async function showEvent(session: Session, given: string): Promise<void> {
  const client = await session.api()
  const event = await client.get<StewardEvent>(pathOf(kinds.event, await idOf(client, kinds.event, given)))
  session.out.show(event, (page) => drawEvent(page, event, session.out.nowMs))
}

async function showCausality(session: Session, given: string): Promise<void> {
  const client = await session.api()
  const causality = await client.get<Causality>(pathOf(kinds.event, await idOf(client, kinds.event, given), '/causality'))
  const nameOf = (await streamNames(session, client)) ?? ((id: string) => id)
  session.out.show(causality, (page) => drawCausality(page, causality, nameOf))
}

/** For a screen that cuts; what goes to other programs keeps its ids. Whoever may not see hosts and targets sees the ends of their ids. */
export const streamNames = async ({ out }: Session, client: StewardClient): Promise<NameOf | undefined> =>
  out.fitted && !out.json ? namesOfAll(client) : undefined

type TailFlags = FeedFlags & Readonly<{ from?: string; limit?: number; data?: boolean }>

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000

async function tailEvents(session: Session, flags: TailFlags): Promise<void> {
  const { out, signal } = session
  const client = await session.api()
  const nameOf = await streamNames(session, client)
  let last: string | undefined
  let shown = 0
  let pauseMs = FIRST_PAUSE_MS
  const enough = new AbortController()
  for (;;) {
    try {
      for await (const { id, event } of feed(client, flags, last, enough.signal)) {
        last = id ?? last
        if (event === undefined) continue
        pauseMs = FIRST_PAUSE_MS
        out.stream(event, (page) => drawTailed(page, event, { withData: flags.data === true, nowMs: out.nowMs, nameOf }))
        shown += 1
        if (shown !== flags.limit) continue
        enough.abort()
        return
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiRefusal && error.status < 500 && error.status !== 429) throw error
      // Before the first event nobody knows whether it ever worked: say so, instead of waiting for something that is not there.
      if (last === undefined && error instanceof CliError && error.exitCode === exitCode.unreachable) throw error
    }
    if (signal.aborted) return
    out.note('The feed broke off; going on behind the last event.', 'dim')
    await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

async function* feed(client: StewardClient, flags: TailFlags, last: string | undefined, signal: AbortSignal) {
  const query = { ...feedQueryOf(flags), after: last === undefined ? flags.from : undefined }
  const body = await client.stream('/api/v1/events/stream', { query, accept: 'text/event-stream', lastEventId: last, signal })
  for await (const { id, data } of readEventStream(body)) {
    // As everywhere, the type is that of the schema which the service checked it with.
    yield { id, event: data === undefined ? undefined : (JSON.parse(data) as StewardEvent) }
  }
}

type TailedOptions = Readonly<{ withData: boolean; nowMs: number; nameOf: NameOf | undefined }>

function drawTailed(page: Page, event: StewardEvent, { withData, nowMs, nameOf }: TailedOptions): void {
  if (withData) {
    drawEvent(page, event, nowMs)
    page.blank()
    return
  }
  const { position, recordedAt, type, stream, metadata } = event
  const about = nameOf === undefined ? stream : streamText(stream, nameOf)
  page.item(`${position}  ${localTime(recordedAt).slice(-'10:30:00'.length)}  `, `${type}  ${about}  by ${actorText(metadata.actor)}`)
}

/**
 * Into a file byte by byte as it comes; onto standard output made harmless, for that may be a terminal: JSON stays the same value, and a spreadsheet's
 * cells show what they hide.
 */
export async function exportTo(
  session: Session,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  { format, output }: Readonly<{ format: string; output?: string }>,
): Promise<void> {
  const { out, context, signal } = session
  if (out.json && format === 'csv') throw usageError('--json and --format csv contradict each other')
  const client = await session.api()
  const body = await client.stream(path, { query, accept: format === 'csv' ? 'text/csv' : 'application/x-ndjson', signal })
  if (output !== undefined) {
    const file = resolve(context.cwd, output)
    await pipeline(Readable.fromWeb(body), createWriteStream(file, { mode: 0o600 }), { signal })
    out.note(`Written to ${file}.`)
    return
  }
  const harmless = format === 'csv' ? (line: string): string => visible(line) : escapeUnseen
  await pipeline(
    Readable.fromWeb(body),
    async function* (chunks) {
      const decoder = new TextDecoder()
      let pending = ''
      for await (const chunk of chunks) {
        const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n')
        pending = lines.pop() ?? ''
        for (const line of lines) yield `${harmless(line.replace(/\r$/, ''))}\n`
      }
      const rest = pending + decoder.decode()
      if (rest !== '') yield `${harmless(rest)}\n`
    },
    async (texts) => {
      for await (const text of texts) if (!context.stdout.write(text)) await new Promise<void>((done) => context.stdout.once('drain', done))
    },
    { signal },
  )
}
