/** `steward command`: the audit of attempts - who tried what, when, and what came of it. Refused ones are there too. */
import { type Command, Option } from 'commander'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { CommandRecord } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago, duration, moment } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import { shortId } from '../screen/table.ts'
import type { Session } from '../session.ts'
import { factsText } from '../views/value.ts'
import { exportTo } from './events.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { type ChangeFlags, changeServer, dangerous } from './server-command.ts'

export function defineCommands(program: Command, { run }: Define): void {
  const command = program
    .command('command')
    .summary('the audit: who tried what')
    .description('The audit of commands: who tried what, when, and what came of it.')

  addFilters(addListOptions(command.command('list')))
    .alias('ls')
    .summary('list commands, newest first')
    .addHelpText(
      'after',
      '\nExamples:\n  steward command list --owner mira --state failed\n  steward command list --name approvals.approve',
    )
    .action(run(listCommands))
  command.command('show <command>').summary('show a command with its result').action(run(showCommand))
  dangerous(command.command('undo <command>'))
    .summary('take back what a command did to a server')
    .description('Takes back what a command did to a managed server or its tools, by a command of its own. Shown before it is done.')
    .action(run(undoCommand))
  addFilters(command.command('export'))
    .summary('write the audit to a file')
    .addOption(
      new Option('--format <format>', 'one JSON object per line, or a table for a spreadsheet')
        .choices(['ndjson', 'csv'])
        .default('ndjson'),
    )
    .option('-o, --output <file>', 'where to (default: standard output)')
    .action(
      run((session: Session, flags: FilterFlags & Readonly<{ format: string; output?: string }>) =>
        exportTo(session, '/api/v1/commands/export', { ...queryOf(flags), format: flags.format }, flags),
      ),
    )
}

async function undoCommand(session: Session, given: string, flags: ChangeFlags): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds.command, await idOf(client, kinds.command, given), '/undo')
  await changeServer(session, client, { method: 'POST', path, body: {}, question: 'Undo it so?', did: 'Undone:' }, flags)
}

type FilterFlags = Readonly<{
  name?: string
  subject?: string
  actor?: string
  owner?: string
  state?: string
  since?: string
  until?: string
}>

const addFilters = (command: Command): Command =>
  command
    .option('--name <name>', 'of this name, e.g. targets.pause')
    .option('--subject <id>', 'about this')
    .option('--actor <key>', 'with this key')
    .option('--owner <owner>', 'by whoever answers for the key')
    .addOption(new Option('--state <state>', 'that ended so').choices(['received', 'succeeded', 'failed']))
    .option('--since <time>', 'at or after this time (ISO 8601)')
    .option('--until <time>', 'before this time (ISO 8601)')

const queryOf = ({ name, subject, actor, owner, state, since, until }: FilterFlags) => ({
  name,
  subject,
  actor,
  owner,
  state,
  from: since,
  until,
})

async function listCommands(session: Session, flags: FilterFlags & ListFlags): Promise<void> {
  const { out } = session
  const page = await fetchList<CommandRecord>(await session.api(), kinds.command.path, queryOf(flags), flags)
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ID', kind: 'id' },
        { head: 'WHEN' },
        { head: 'WHO', kind: 'text' },
        { head: 'WHAT', kind: 'text' },
        { head: 'ABOUT', kind: 'text' },
        { head: 'RESULT', kind: 'text' },
        { head: 'TOOK', align: 'right' },
      ],
      page.items.map(({ id, receivedAt, owner, name, subject, state, refusal, durationMs }) => [
        id,
        ago(receivedAt, out.nowMs),
        owner,
        name,
        /^[0-9a-f-]{36}$/.test(subject) ? shortId(subject) : subject,
        { text: refusal === null ? state : refusal.rule, tone: toneOf(state) },
        durationMs === null ? '-' : duration(durationMs),
      ]),
      'There is no such command.',
    ),
  )
  tellMore(out, page)
}

async function showCommand(session: Session, given: string): Promise<void> {
  const { out } = session
  const client = await session.api()
  const command = await client.get<CommandRecord>(pathOf(kinds.command, await idOf(client, kinds.command, given)))
  out.show(command, (page) => {
    page.heading(command.name)
    page.fields([
      ['id', command.id],
      ['about', command.subject],
      ['by', `${command.owner}, with key ${command.actor}`],
      ['state', { text: command.state, tone: toneOf(command.state) }],
      ['refused', command.refusal === null ? null : `${command.refusal.rule} ${factsText(command.refusal.facts)}`],
      ['result', command.result === null ? null : factsText(command.result)],
      ['received', moment(command.receivedAt, out.nowMs)],
      ['took', command.durationMs === null ? null : duration(command.durationMs)],
      ['correlation', command.correlationId],
      ['position', command.position],
    ])
    page.text(`Its events: steward stream show command-${command.id}`, 'dim')
  })
}
