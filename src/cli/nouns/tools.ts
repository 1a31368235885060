/** `steward tool`: what managed servers offer, and what people allow of it. A tool is named as calls name it: server.tool. */
import { type Command, Option } from 'commander'
import { confirmed } from '../change.ts'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { existingIdOf, kinds, pathOf } from '../client/references.ts'
import type { ServerTool } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import { jsonText } from '../screen/json-text.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Tone } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { type ChangeFlags, changeServer, changing, dangerous } from './server-command.ts'

const STATES = ['enabled', 'disabled', 'quarantined', 'unavailable'] as const
const TOOLS = '/api/v1/tools'

export function defineTools(program: Command, { run }: Define): void {
  const tool = program.command('tool').summary('what servers offer').description('Tools of managed servers. A tool is named server.tool.')
  addListOptions(tool.command('list'))
    .alias('ls')
    .summary('list tools')
    .option('--server <server>', 'of this server')
    .option('--search <text>', 'whose name holds this')
    .addOption(new Option('--state <state>', 'in this state').choices(STATES))
    .action(run(listTools))
  tool.command('show <tool>').summary('show a tool: what is served of it, and what waits').action(run(showTool))
  const turn = (verb: 'enable' | 'disable', summary: string, did: string): void => {
    changing(tool.command(`${verb} <tool>`))
      .summary(summary)
      .action(
        run(async (session: Session, given: string, flags: ChangeFlags) => {
          const client = await session.api()
          const path = `${await toolPath(client, given)}/${verb}`
          await changeServer(session, client, { method: 'POST', path, body: {}, did }, flags)
        }),
      )
  }
  turn('enable', 'let a tool be called', 'Enabled a tool of')
  turn('disable', 'let a tool not be called any more', 'Disabled a tool of')
  changing(tool.command('update <tool>'))
    .summary('change how calls of a tool are treated')
    .addOption(
      new Option('--bypass <choice>', 'a call while it is unavailable gets a marked, empty result').choices(['yes', 'no', 'server']),
    )
    .addOption(new Option('--retry-safe <choice>', 'repeating a call is harmless').choices(['yes', 'no']))
    .action(run(updateTool))
  dangerous(tool.command('approve <tool>'))
    .summary('approve the definition that a server offers now')
    .description('Shows what would be served to models, and approves exactly that.')
    .action(run(approveTool))
}

async function listTools(
  session: Session,
  flags: ListFlags & Readonly<{ server?: string; search?: string; state?: string }>,
): Promise<void> {
  const { out } = session
  const client = await session.api()
  const server_id = flags.server === undefined ? undefined : await existingIdOf(client, kinds.server, flags.server)
  const page = await fetchList<ServerTool>(client, TOOLS, { server_id, search: flags.search, state: flags.state }, flags)
  out.show(page, (screen) =>
    screen.table(
      [{ head: 'TOOL', kind: 'text' }, { head: 'STATE' }, { head: 'CHANGED' }, { head: 'WHAT IT DOES', kind: 'text' }],
      page.items.map((tool) => [
        tool.qualifiedName,
        { text: tool.state, tone: toneOfState(tool.state) },
        ago(tool.changedAt, out.nowMs),
        tool.definition?.description ?? tool.pendingDefinition?.description ?? '',
      ]),
      'There is no such tool here. A server lists its tools once it runs.',
    ),
  )
  tellMore(out, page)
}

const toneOfState = (state: ServerTool['state']): Tone =>
  state === 'enabled' ? 'good' : state === 'quarantined' ? 'bad' : state === 'disabled' ? 'warn' : 'dim'

async function showTool(session: Session, given: string): Promise<void> {
  const { out } = session
  const client = await session.api()
  const tool = await client.get<ServerTool>(await toolPath(client, given))
  out.show(tool, (page) => {
    page.heading(tool.qualifiedName)
    page.fields([
      ['state', { text: tool.state, tone: toneOfState(tool.state) }],
      ['disabled', tool.disabledReason === null ? null : { text: `by ${tool.disabledBy}: ${tool.disabledReason}`, tone: 'warn' }],
      ['offered', tool.offered ? 'yes' : { text: 'no', tone: 'warn' }],
      ['when away', tool.bypass === null ? 'as its server says' : tool.bypass ? 'an empty result' : 'an error'],
      ['retry', tool.retrySafe ? 'harmless, a person says' : 'never by itself'],
      ['approved', tool.approvedAt === null ? 'never' : `${moment(tool.approvedAt, out.nowMs)} by ${tool.approvedBy ?? 'the policy'}`],
      ['hash', tool.hash],
      ['first seen', moment(tool.firstSeenAt, out.nowMs)],
    ])
    drawDefinition(page, 'What is served', tool.definition)
    if (tool.pendingDefinition !== null) drawDefinition(page, 'What the server offers now, and nobody has approved', tool.pendingDefinition)
  })
}

function drawDefinition(page: Page, heading: string, definition: ServerTool['definition']): void {
  page.heading(heading)
  page.block(definition === null ? '(nothing)' : jsonText(definition))
}

type UpdateFlags = ChangeFlags & Readonly<{ bypass?: 'yes' | 'no' | 'server'; retrySafe?: 'yes' | 'no' }>

async function updateTool(session: Session, given: string, flags: UpdateFlags): Promise<void> {
  const { bypass, retrySafe } = flags
  if (bypass === undefined && retrySafe === undefined) throw usageError('nothing to change: give --bypass or --retry-safe')
  const client = await session.api()
  const body = {
    ...(bypass === undefined ? {} : { bypass: bypass === 'server' ? null : bypass === 'yes' }),
    ...(retrySafe === undefined ? {} : { retrySafe: retrySafe === 'yes' }),
  }
  await changeServer(session, client, { method: 'PATCH', path: await toolPath(client, given), body, did: 'Changed a tool of' }, flags)
}

async function approveTool(session: Session, given: string, flags: ChangeFlags): Promise<void> {
  if (flags.reason === undefined) throw usageError('--reason is needed: an approval says why')
  const client = await session.api()
  const path = await toolPath(client, given)
  const tool = await client.get<ServerTool>(path)
  const hash = tool.pendingHash ?? tool.hash
  if (hash === null) throw usageError('there is no definition of it to approve')
  session.out.notes((page) => drawDefinition(page, 'What models would read', tool.pendingDefinition ?? tool.definition))
  if (flags.dryRun !== true && !(await confirmed(session, flags, 'Let models read and call this?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  await changeServer(session, client, { method: 'POST', path: `${path}/approve`, body: { hash }, did: 'Approved a tool of' }, flags)
}

/** `server.tool`. Names of servers hold no dot, names of tools may. */
async function toolPath(client: StewardClient, given: string): Promise<string> {
  const at = given.indexOf('.')
  if (at < 1 || at === given.length - 1) throw usageError('a tool is named server.tool, as `steward tool list` shows it')
  const serverId = await existingIdOf(client, kinds.server, given.slice(0, at))
  return pathOf(kinds.server, serverId, `/tools/${encodeURIComponent(given.slice(at + 1))}`)
}
