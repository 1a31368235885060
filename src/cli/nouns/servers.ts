/** `steward server`: MCP servers that Steward runs and watches. */
import type { Command } from 'commander'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { kinds } from '../client/references.ts'
import type { Server } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { drawServer, stateTone, whatToDoWith } from '../views/server.ts'
import { addListOptions, addNames, type ListFlags, listNames, tellMore } from './list-options.ts'
import { defineAddServer } from './server-add.ts'
import { defineRetireServer, defineServerChanges } from './server-changes.ts'
import { asOf, serverPath } from './server-command.ts'
import { defineServerHealth } from './server-health.ts'
import { defineServerPast } from './server-past.ts'
import { addServerFilter, type ServerFilterFlags } from './server-selection.ts'
import { defineUpgradeServer } from './server-upgrade.ts'

export function defineServers(program: Command, define: Define): void {
  const { run } = define
  const server = program.command('server').summary('MCP servers that are run').description('MCP servers that Steward runs and watches.')
  addServerFilter(addNames(addListOptions(server.command('list'))))
    .alias('ls')
    .summary('list servers')
    .option('--disabled', 'only those that may not run')
    .option('--retired', 'also those that were retired')
    .option('--at <moment>', 'as they were at a position, or at a time in ISO 8601')
    .addHelpText('after', '\nExamples:\n  steward server list --state error\n  steward server list --at 2026-11-21T10:30:00Z --json')
    .action(run(listServers))
  server
    .command('show <server>')
    .summary('show a server with everything that is known of it')
    .description(
      'Shows what is wanted of a server, what it is and how it is - three things -, how it is run, what went wrong, and what to do.',
    )
    .option('--at <moment>', 'as it was at a position, or at a time in ISO 8601')
    .addHelpText('after', '\nExamples:\n  steward server show files\n  steward server show files --at 2026-11-21T10:30:00Z')
    .action(run(showServer))
  defineAddServer(server, define)
  defineServerChanges(server, define)
  defineUpgradeServer(server, define)
  defineServerHealth(server, define)
  defineServerPast(server, define)
  defineRetireServer(server, define)
}

type ServerListFlags = ListFlags & ServerFilterFlags & Readonly<{ disabled?: boolean; retired?: boolean; names?: boolean; at?: string }>

async function listServers(session: Session, flags: ServerListFlags): Promise<void> {
  const { out } = session
  const { search, state, health, transport, at } = flags
  const query = {
    ...{ search, state, health, transport, at },
    enabled: flags.disabled === true ? false : undefined,
    situation: flags.retired === true ? 'all' : undefined,
  }
  const ask = (client: StewardClient) => fetchList<Server>(client, kinds.server.path, query, flags)
  if (flags.names === true) return listNames(session, ask)
  const page = await ask(await session.api())
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
  const path = await serverPath(client, given)
  const server = await asOf(given, at, () => client.get<Server>(path, { at }))
  out.show(server, (page) => {
    drawServer(page, server, out.nowMs)
    const commands = at === undefined ? whatToDoWith(server) : []
    if (commands.length === 0) return
    page.blank()
    page.heading('What to do next')
    for (const command of commands) page.item('    ', { text: command, tone: 'accent' })
  })
}
