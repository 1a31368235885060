/** `steward server`: MCP servers that Steward runs and watches. */
import { type Command, Option } from 'commander'
import { fetchList } from '../client/lists.ts'
import { kinds } from '../client/references.ts'
import type { Server } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { drawServer, stateTone, whatToDoWith } from '../views/server.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { defineAddServer } from './server-add.ts'
import { defineRetireServer, defineServerChanges } from './server-changes.ts'
import { serverPath } from './server-command.ts'
import { defineServerPast } from './server-past.ts'

const STATES = ['stopped', 'starting', 'running', 'stopping', 'error', 'maintenance'] as const

export function defineServers(program: Command, define: Define): void {
  const { run } = define
  const server = program.command('server').summary('MCP servers that are run').description('MCP servers that Steward runs and watches.')
  addListOptions(server.command('list'))
    .alias('ls')
    .summary('list servers')
    .option('--search <text>', 'whose name holds this')
    .addOption(new Option('--state <state>', 'in this state').choices(STATES))
    .addOption(new Option('--health <health>', 'that are so').choices(['unknown', 'healthy', 'degraded', 'unhealthy']))
    .addOption(new Option('--transport <transport>', 'reached so').choices(['stdio', 'http']))
    .option('--disabled', 'only those that may not run')
    .option('--retired', 'also those that were retired')
    .option('--at <moment>', 'as they were at a position, or at a time in ISO 8601')
    .action(run(listServers))
  server
    .command('show <server>')
    .summary('show a server with everything that is known of it')
    .option('--at <moment>', 'as it was at a position, or at a time in ISO 8601')
    .action(run(showServer))
  defineAddServer(server, define)
  defineServerChanges(server, define)
  defineServerPast(server, define)
  defineRetireServer(server, define)
}

type ServerListFlags = ListFlags &
  Readonly<{
    search?: string
    state?: string
    health?: string
    transport?: string
    disabled?: boolean
    retired?: boolean
    at?: string
  }>

async function listServers(session: Session, flags: ServerListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const { search, state, health, transport, at } = flags
  const query = {
    ...{ search, state, health, transport, at },
    enabled: flags.disabled === true ? false : undefined,
    situation: flags.retired === true ? 'all' : undefined,
  }
  const page = await fetchList<Server>(client, kinds.server.path, query, flags)
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'NAME', kind: 'text' },
        { head: 'STATE' },
        { head: 'HEALTH' },
        { head: 'MAY RUN' },
        { head: 'TOOLS', align: 'right' },
        { head: 'SINCE' },
        { head: 'ID', kind: 'id' },
      ],
      page.items.map((server) => [
        server.name,
        server.situation === 'retired' ? { text: 'retired', tone: 'dim' } : { text: server.state, tone: stateTone(server.state) },
        { text: server.health, tone: toneOf(server.health) },
        server.enabled ? 'yes' : { text: 'no', tone: 'warn' },
        { text: `${server.tools.enabled}/${server.tools.offered}`, tone: server.tools.quarantined > 0 ? 'warn' : 'plain' },
        ago(server.stateSince, out.nowMs),
        server.id,
      ]),
      'There is no server here. `steward server add --help` tells how to add one.',
    ),
  )
  tellMore(out, page)
}

async function showServer(session: Session, given: string, { at }: Readonly<{ at?: string }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const server = await client.get<Server>(await serverPath(client, given), { at })
  out.show(server, (page) => {
    drawServer(page, server, out.nowMs)
    const commands = at === undefined ? whatToDoWith(server) : []
    if (commands.length === 0) return
    page.blank()
    page.heading('What to do next')
    for (const command of commands) page.item('    ', { text: command, tone: 'accent' })
  })
}
