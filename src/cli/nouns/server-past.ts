/** `steward server history`, `diff` and `logs`: who decided what about a server, what it was, and what it writes. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { fetchList } from '../client/lists.ts'
import type { ServerDiff, ServerHistory, ServerLogs } from '../client/shapes.ts'
import { type Define, wholeNumber } from '../define.ts'
import { moment } from '../screen/moment.ts'
import type { Session } from '../session.ts'
import { drawChanges, drawHistory } from '../views/server.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { serverPath } from './server-command.ts'

export function defineServerPast(server: Command, { run }: Define): void {
  addListOptions(server.command('history <server>'))
    .summary('who decided what about it, and why')
    .option('--config', 'only changes of the configuration')
    .action(run(showHistory))
  server
    .command('diff <server>')
    .summary('what is different between two moments')
    .requiredOption('--from <moment>', 'a position, or a time in ISO 8601')
    .option('--to <moment>', 'a position, or a time in ISO 8601 (default: now)')
    .action(run(showDiff))
  server
    .command('logs <server>')
    .summary('what it wrote on its error stream')
    .option('-n, --lines <number>', 'how many of the last lines', wholeNumber(1, 1_000), 100)
    .option('-f, --follow', 'go on until Ctrl-C')
    .action(run(showLogs))
}

async function showHistory(session: Session, given: string, flags: ListFlags & Readonly<{ config?: boolean }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = { config: flags.config }
  const page = await fetchList<ServerHistory['items'][number]>(client, await serverPath(client, given, '/history'), query, flags)
  out.show(page, (screen) => drawHistory(screen, page.items, out.nowMs))
  tellMore(out, page)
}

async function showDiff(session: Session, given: string, { from, to }: Readonly<{ from: string; to?: string }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const diff = await client.get<ServerDiff>(await serverPath(client, given, '/diff'), { from, to })
  out.show(diff, (page) => {
    page.heading(`From ${moment(diff.from.at, out.nowMs)} to ${moment(diff.to.at, out.nowMs)}`)
    if (diff.changes.length === 0) page.text('Nothing is different.', 'dim')
    drawChanges(page, diff.changes)
  })
}

/** A server writes when it likes; more often than this nobody can read. */
const FOLLOW_EVERY_MS = 500

type LogFlags = Readonly<{ lines: number; follow?: boolean }>

async function showLogs(session: Session, given: string, { lines, follow = false }: LogFlags): Promise<void> {
  const { out, signal } = session
  const client = await session.api()
  const path = await serverPath(client, given, '/logs')
  const show = ({ items }: ServerLogs): void => {
    for (const line of items) out.stream(line, (page) => page.item('', line.text))
  }
  let log = await client.get<ServerLogs>(path, { limit: lines })
  show(log)
  if (log.items.length === 0 && !out.json) out.note('It has written nothing.', 'dim')
  while (follow) {
    await delay(FOLLOW_EVERY_MS, undefined, { signal })
    log = await client.get<ServerLogs>(path, { limit: 1_000, cursor: log.next_cursor })
    show(log)
  }
}
