/** `steward tool`: what managed servers offer, and what people allow of it. A tool is named as calls name it: server.tool. */
import { type Command, Option } from 'commander'
import { confirmed } from '../change.ts'
import { ApiRefusal } from '../client/api-refusal.ts'
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
import { drawChanges } from '../views/server.ts'
import { count } from '../views/value.ts'
import { addListOptions, addNames, type ListFlags, listNames, tellMore } from './list-options.ts'
import { type ChangeFlags, changeServer, changing, dangerous } from './server-command.ts'
import { defineToolCall, partsOf } from './tool-call.ts'
import { defineToolCalls } from './tool-calls.ts'

const STATES = ['enabled', 'disabled', 'quarantined', 'unavailable'] as const
const TOOLS = '/api/v1/tools'

export function defineTools(program: Command, define: Define): void {
  const { run } = define
  const tool = program.command('tool').summary('what servers offer').description('Tools of managed servers. A tool is named server.tool.')
  addNames(addListOptions(tool.command('list')))
    .alias('ls')
    .summary('list tools')
    .option('--server <server>', 'of this server')
    .option('--search <text>', 'whose name holds this')
    .addOption(new Option('--state <state>', 'in this state').choices(STATES))
    .addHelpText('after', '\nExamples:\n  steward tool list --server files\n  steward tool list --state quarantined')
    .action(run(listTools))
  tool
    .command('show <tool>')
    .summary('show a tool: what is served of it, and what waits')
    .addHelpText(
      'after',
      '\nExamples:\n  steward tool show files.read_file\n  steward tool show files.read_file --json | jq .definition.inputSchema',
    )
    .action(run(showTool))
  defineToolCall(tool, define)
  defineToolCalls(tool, define)
  const turn = (verb: 'enable' | 'disable', summary: string, did: string): void => {
    changing(tool.command(`${verb} <tool>`))
      .summary(summary)
      .addHelpText('after', `\nExample:\n  steward tool ${verb} files.write_file --reason 'read only'`)
      .action(
        run(async (session: Session, given: string, flags: ChangeFlags) => {
          const client = await session.api()
          const path = `${await toolPath(client, given)}/${verb}`
          await changeServer(session, client, { method: 'POST', path, body: {}, did, what: given }, flags)
        }),
      )
  }
  turn('enable', 'let a tool be called', 'Enabled')
  turn('disable', 'let a tool not be called any more', 'Disabled')
  changing(tool.command('update <tool>'))
    .summary('change how calls of a tool are treated')
    .addOption(
      new Option('--bypass <choice>', 'a call while it is unavailable gets a marked, empty result').choices(['yes', 'no', 'server']),
    )
    .addOption(new Option('--retry-safe <choice>', 'repeating a call is harmless').choices(['yes', 'no']))
    .addHelpText(
      'after',
      '\nExamples:\n  steward tool update files.read_file --retry-safe yes\n  steward tool update files.read_file --bypass server',
    )
    .action(run(updateTool))
  dangerous(tool.command('approve <tool>'))
    .summary('approve the definition that a server offers now')
    .description('Shows what would be served to models, and approves exactly that.')
    .addHelpText('after', "\nExample:\n  steward tool approve files.read_file --reason 'read the change'")
    .action(run(approveTool))
}

async function listTools(
  session: Session,
  flags: ListFlags & Readonly<{ server?: string; search?: string; state?: string; names?: boolean }>,
): Promise<void> {
  const { out } = session
  const ask = async (client: StewardClient) => {
    const server_id = flags.server === undefined ? undefined : await existingIdOf(client, kinds.server, flags.server)
    return fetchList<ServerTool>(client, TOOLS, { server_id, search: flags.search, state: flags.state }, flags)
  }
  if (flags.names === true) return listNames(session, ask)
  const page = await ask(await session.api())
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
  const tool = await toolCalled(client, given)
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
      ['calls', usageText(tool)],
    ])
    drawDefinition(page, 'What is served', tool.definition)
    if (tool.pendingDefinition !== null) drawDefinition(page, 'What the server offers now, and nobody has approved', tool.pendingDefinition)
    drawReview(page, tool)
  })
}

const usageText = ({ usage: { calls, errors, averageMs } }: ServerTool): string =>
  [
    `${count(calls, 'call')} in ninety days`,
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(averageMs === null ? [] : [`${averageMs < 10 ? averageMs.toFixed(1) : Math.round(averageMs)} ms on average`]),
  ].join(', ')

function drawDefinition(page: Page, heading: string, definition: ServerTool['definition']): void {
  page.heading(heading)
  if (definition === null) {
    page.block('(nothing)')
    return
  }
  // Its own words as they are read, and everything else, for all of it is read by models.
  const { description, ...rest } = definition
  if (description !== undefined) page.block(description)
  page.text(description === undefined ? 'without a description; the rest of it:' : 'and the rest of it:', 'dim')
  page.block(jsonText(rest))
}

/** What a person should know before approving. */
function drawReview(page: Page, { pendingChanges, hidden }: ServerTool): void {
  if (pendingChanges.length > 0) {
    page.heading('What is different')
    drawChanges(page, pendingChanges)
  }
  if (hidden.length === 0) return
  page.heading('Characters that nobody sees')
  for (const { field, characters } of hidden) page.item('    ', { text: `${field}: ${characters.join(' ')}`, tone: 'bad' })
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
  await changeServer(session, client, { method: 'PATCH', path: await toolPath(client, given), body, did: 'Changed', what: given }, flags)
}

async function approveTool(session: Session, given: string, flags: ChangeFlags): Promise<void> {
  if (flags.reason === undefined) throw usageError('--reason is needed: an approval says why')
  const client = await session.api()
  const path = await toolPath(client, given)
  const tool = await toolCalled(client, given)
  const hash = tool.pendingHash ?? tool.hash
  if (hash === null) throw usageError('there is no definition of it to approve')
  session.out.notes((page) => {
    drawDefinition(page, 'What models would read', tool.pendingDefinition ?? tool.definition)
    drawReview(page, tool)
  })
  if (flags.dryRun !== true && !(await confirmed(session, flags, 'Let models read and call this?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  await changeServer(
    session,
    client,
    { method: 'POST', path: `${path}/approve`, body: { hash }, did: 'Approved', what: given, isFinal: true },
    flags,
  )
}

/** Of the two names that were given, says which one leads nowhere. */
async function toolCalled(client: StewardClient, given: string): Promise<ServerTool> {
  const path = await toolPath(client, given)
  try {
    return await client.get<ServerTool>(path)
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.code !== 'NOT_FOUND') throw error
    const { server, tool } = partsOf(given)
    const { status, requestId } = error
    throw new ApiRefusal({ ...{ status, requestId, code: 'TOOL_UNKNOWN', details: { server } }, message: `${server} has no tool ${tool}.` })
  }
}

async function toolPath(client: StewardClient, given: string): Promise<string> {
  const { server, tool } = partsOf(given)
  const serverId = await existingIdOf(client, kinds.server, server)
  return pathOf(kinds.server, serverId, `/tools/${encodeURIComponent(tool)}`)
}
