/** `steward tool calls`: who called what of a server, how it ended, and how long it took. */
import { type Command, Option } from 'commander'
import { fetchList } from '../client/lists.ts'
import { existingIdOf, kinds, pathOf } from '../client/references.ts'
import type { ToolCall } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { moment } from '../screen/moment.ts'
import type { Session } from '../session.ts'
import { actorText } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const outcomes = [
  'ok',
  'tool-error',
  'error',
  'timed-out',
  'lost',
  'cancelled',
  'refused',
  'bypassed',
] as const satisfies readonly ToolCall['outcome'][]

export function defineToolCalls(tool: Command, { run }: Define): void {
  addListOptions(tool.command('calls <tool>'))
    .summary('list calls of a tool, or of a whole server')
    .description(
      'Lists single calls, the newest first; they are kept for 90 days. It takes a key that may read logs. `steward usage` has the figures.',
    )
    .addOption(new Option('--outcome <outcome>', 'that ended so').choices(outcomes))
    .option('--from <time>', 'since this time (ISO 8601)')
    .option('--until <time>', 'before this time')
    .addHelpText('after', '\nExamples:\n  steward tool calls files.read_text_file\n  steward tool calls files --outcome refused')
    .action(run(listCalls))
}

type CallFlags = ListFlags & Readonly<{ outcome?: string; from?: string; until?: string }>

async function listCalls(session: Session, given: string, flags: CallFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  // Names of servers hold no dot, names of tools may.
  const [server = '', ...rest] = given.split('.')
  const { outcome, from, until } = flags
  const query = { tool: rest.length === 0 ? undefined : rest.join('.'), outcome, from, until }
  const page = await fetchList<ToolCall>(
    client,
    pathOf(kinds.server, await existingIdOf(client, kinds.server, server), '/calls'),
    query,
    flags,
  )
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'WHEN' },
        { head: 'TOOL', kind: 'text' },
        { head: 'BY', kind: 'text' },
        { head: 'OUTCOME' },
        { head: 'RULE' },
        { head: 'TOOK', align: 'right' },
        { head: 'BYTES', align: 'right' },
      ],
      page.items.map((call) => [
        moment(call.startedAt, out.nowMs),
        call.tool,
        actorText(call.principal),
        { text: call.outcome, tone: call.outcome === 'ok' ? 'good' : call.outcome === 'refused' ? 'warn' : 'bad' },
        call.rule ?? '',
        `${call.durationMs < 10 ? call.durationMs.toFixed(1) : Math.round(call.durationMs)} ms`,
        `${call.requestBytes}/${call.responseBytes}`,
      ]),
      'It was not called.',
    ),
  )
  tellMore(out, page)
}
