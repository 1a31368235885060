/** `steward server history`, `diff` and `logs`: who decided what about a server, what it was, and what it writes. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { ApiRefusal } from '../client/api-refusal.ts'
import { fetchList } from '../client/lists.ts'
import type { ServerDiff, ServerHistory, ServerLogs } from '../client/shapes.ts'
import { type Define, wholeNumber } from '../define.ts'
import { moment } from '../screen/moment.ts'
import type { Session } from '../session.ts'
import { drawChanges, drawHistory } from '../views/server.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { asOf, serverPath } from './server-command.ts'

export function defineServerPast(server: Command, { run }: Define): void {
  addListOptions(server.command('history <server>'))
    .summary('who decided what about it, and why')
    .option('--config', 'only changes of the configuration')
    .addHelpText('after', '\nExamples:\n  steward server history files\n  steward server history files --config --all')
    .action(run(showHistory))
  server
    .command('diff <server>')
    .summary('what is different between two moments')
    .requiredOption('--from <moment>', 'a position, or a time in ISO 8601')
    .option('--to <moment>', 'a position, or a time in ISO 8601 (default: now)')
    .addHelpText(
      'after',
      '\nExamples:\n  steward server diff files --from 2026-11-20T00:00:00Z\n  steward server diff files --from 4711 --to 4800',
    )
    .action(run(showDiff))
  server
    .command('logs <server>')
    .summary('what it wrote on its error stream')
    .option('-n, --lines <number>', 'how many of the last lines', wholeNumber(1, MOST_LINES), 100)
    .option('-f, --follow', 'go on until Ctrl-C, over restarts of the server and of Steward')
    .description(
      'Shows what a server wrote on its error stream: the last lines of its newest life. Steward keeps a bounded file for each of the last five lives.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  steward server logs files -n 20\n  steward server logs files --follow\n  steward server logs files -f --json | jq -r .text',
    )
    .action(run(showLogs))
}

/** What Steward gives in one answer. */
const MOST_LINES = 1_000

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
  const path = await serverPath(client, given, '/diff')
  const diff = await asOf(given, from, () => client.get<ServerDiff>(path, { from, to }))
  out.show(diff, (page) => {
    page.heading(`From ${moment(diff.from.at, out.nowMs)} to ${moment(diff.to.at, out.nowMs)}`)
    if (diff.changes.length === 0) page.text('Nothing is different.', 'dim')
    drawChanges(page, diff.changes)
  })
}

/** Looked again so soon while it writes; the longer it is silent, the later, for every look costs Steward something. */
const SOONEST_MS = 250
const LATEST_MS = 2_000
/** Waited so long at most for a Steward that is away. */
const LONGEST_PAUSE_MS = 5_000

type LogFlags = Readonly<{ lines: number; follow?: boolean }>

async function showLogs(session: Session, given: string, { lines, follow = false }: LogFlags): Promise<void> {
  const { out, signal } = session
  const client = await session.api()
  const path = await serverPath(client, given, '/logs')
  let runId: string | undefined
  const show = ({ items }: ServerLogs): void => {
    for (const line of items) {
      // On standard error: on standard output every line is the server's, and none of ours can be imitated.
      if (runId !== undefined && line.runId !== runId) out.note('It was started anew.', 'dim')
      runId = line.runId
      out.stream(line, (page) => page.item('', line.text))
    }
  }
  let log = await client.get<ServerLogs>(path, { limit: lines })
  show(log)
  if (log.items.length === 0 && !out.json) out.note('It has written nothing.', 'dim')
  let pauseMs = SOONEST_MS
  let isAway = false
  while (follow) {
    // Whoever ends it has seen enough: that is no failure.
    await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      log = await client.get<ServerLogs>(path, { limit: MOST_LINES, cursor: log.next_cursor })
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiRefusal && error.status < 500 && error.status !== 429) throw error
      if (!isAway) out.note(`${error instanceof Error ? error.message : 'Steward does not answer'}; going on behind the last line.`, 'dim')
      isAway = true
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      continue
    }
    isAway = false
    show(log)
    pauseMs = log.items.length === 0 ? Math.min(pauseMs * 2, LATEST_MS) : SOONEST_MS
  }
}
