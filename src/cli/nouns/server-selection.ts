/**
 * Servers chosen by what they are instead of by name. That is one operation of Steward, which ends also when this command line does; here it is looked
 * at before, asked about once, and followed to its end.
 */
import { type Command, Option } from 'commander'
import { confirmed, preview } from '../change.ts'
import type { BulkPreview, BulkStarted } from '../client/shapes.ts'
import { CliError, type ExitCode, exitCode, usageError } from '../exit-code.ts'
import { endOfOperation, exitCodeOf } from '../operation-progress.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'
import { count } from '../views/value.ts'
import { drawOperation } from './operations.ts'
import type { ChangeFlags } from './server-command.ts'

export const serverStates = ['stopped', 'starting', 'running', 'stopping', 'error', 'maintenance'] as const

export type ServerFilterFlags = Readonly<{ search?: string; state?: string; health?: string; transport?: string }>

export const addServerFilter = (command: Command): Command =>
  command
    .option('--search <text>', 'whose name or display name holds this')
    .addOption(new Option('--state <state>', 'in this state').choices(serverStates))
    .addOption(new Option('--health <health>', 'that are so').choices(['unknown', 'healthy', 'degraded', 'unhealthy']))
    .addOption(new Option('--transport <transport>', 'reached so').choices(['stdio', 'http']))

export type SelectionFlags = ChangeFlags & ServerFilterFlags & Readonly<{ all?: boolean; wait?: boolean }>

export const addSelection = (command: Command): Command =>
  addServerFilter(command.option('--all', 'all servers; with one of the next options those that it fits'))
    .option('--no-wait', 'of many: do not wait for the end')
    .option('-y, --yes', 'do not ask')

/** Whether servers are chosen, and not named. */
export function isSelection(given: readonly string[], { all, search, state, health, transport }: SelectionFlags): boolean {
  const chosen = all === true || [search, state, health, transport].some((each) => each !== undefined)
  if (chosen && given.length > 0) throw usageError('name servers, or choose them with --all or a filter: not both')
  if (!chosen && given.length === 0) throw usageError('which servers? Name them, or choose them with --all or a filter')
  return chosen
}

export type Bulk = 'start' | 'stop' | 'restart' | 'enable' | 'disable' | 'delete'

export async function changeSelection(session: Session, bulk: Bulk, flags: SelectionFlags): Promise<ExitCode> {
  const { out } = session
  const { search, state, health, transport, reason, dryRun = false, wait = true, idempotencyKey } = flags
  if (reason === undefined) throw usageError('--reason is needed: it is asked of many servers at once')
  const client = await session.api()
  const path = `/api/v1/servers/bulk/${bulk}`
  const body = { filter: { search, state, health, transport }, reason }
  const looked = await client.send<BulkPreview>('POST', `${path}/preview`, { body })
  if (dryRun) {
    out.show(looked, (page) => drawBulkPreview(page, looked))
    return looked.rule === null ? exitCode.ok : exitCode.failure
  }
  if (looked.items.length === 0) throw new CliError('no server fits; nothing was changed', { exitCode: exitCode.failure })
  preview(session, flags, (page) => drawBulkPreview(page, looked))
  if (!(await confirmed(session, flags, `${questions[bulk]} ${count(looked.items.length, 'server')}?`)))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const started = await client.send<BulkStarted>('POST', path, { body, idempotencyKey })
  if (!wait) {
    out.show(started, (page) => page.item('Under way: ', `steward operation watch ${started.operationId}`, 'good'))
    return exitCode.ok
  }
  const { position } = started
  const operation = await endOfOperation(session, client, started.operationId, { position, what: `${bulk} of servers` })
  out.show(operation, (page) => drawOperation(page, operation, out.nowMs))
  return exitCodeOf(operation)
}

const questions: Readonly<Record<Bulk, string>> = {
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  enable: 'Enable',
  disable: 'Disable',
  delete: 'Retire',
}

function drawBulkPreview(page: Page, { items, rule }: BulkPreview): void {
  if (rule !== null) page.item('Would be refused: ', rule, 'bad')
  page.table(
    [
      { head: 'SERVER', kind: 'text' },
      { head: 'WHAT WOULD BE', kind: 'text' },
    ],
    items.map(({ id, name, wouldRecord, rule: own }) => [
      name ?? id,
      own !== null
        ? { text: `refused: ${own}`, tone: 'bad' }
        : wouldRecord.length === 0
          ? { text: 'nothing: it is so already', tone: 'dim' }
          : wouldRecord.join(', '),
    ]),
    'No server fits.',
  )
}
