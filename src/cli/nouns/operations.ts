/** `steward operation`: long work, how far it is, and how it ended. */
import { type Command, Option } from 'commander'
import { type Repeatable, repeatable, settled } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Operation, OperationSummary, Outcome } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import type { ExitCode } from '../exit-code.ts'
import { barOf, endOfOperation, exitCodeOf } from '../operation-progress.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { factsText } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const states = ['running', 'cancelling', 'succeeded', 'partly', 'failed', 'cancelled']

export function defineOperations(program: Command, { run }: Define): void {
  const operation = program
    .command('operation')
    .summary('long work: under way and ended')
    .description('Long work: under way and ended. Exit codes tell how one ended: 0 all of it succeeded, 3 a part of it, 1 nothing.')
  addListOptions(operation.command('list'))
    .alias('ls')
    .summary('list operations, newest first')
    .addOption(new Option('--state <state>', 'in this state').choices(states))
    .action(run(listOperations))
  operation
    .command('show <operation>')
    .summary('show an operation: how far it is, and what became of each item')
    .option('--wait', 'show a bar until it ends')
    .addHelpText('after', '\nExamples:\n  steward operation show 0abcdef1\n  steward operation show 0abcdef1 --wait --json')
    .action(run(showOperation))
  operation
    .command('watch <operation>')
    .summary('follow an operation to its end')
    .description('Shows how far an operation is, until it ends, and then how each item ended.')
    .action(run((session: Session, given: string) => showOperation(session, given, { wait: true })))
  repeatable(operation.command('cancel <operation>'))
    .summary('begin nothing more of an operation')
    .description('Begins nothing more of an operation. What has begun comes to its end, and nothing is taken back.')
    .requiredOption('--reason <reason>', 'why')
    .action(run(cancelOperation))
}

async function listOperations(session: Session, flags: ListFlags & Readonly<{ state?: string }>): Promise<void> {
  const { out } = session
  const page = await fetchList<OperationSummary>(await session.api(), kinds.operation.path, { state: flags.state }, flags)
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ID', kind: 'id' },
        { head: 'STARTED' },
        { head: 'BY', kind: 'text' },
        { head: 'WHAT' },
        { head: 'OF', kind: 'text' },
        { head: 'STATE' },
        { head: 'RESULT', kind: 'text' },
      ],
      page.items.map((each) => [
        each.id,
        ago(each.startedAt, out.nowMs),
        each.startedBy,
        each.kind,
        each.subject,
        { text: each.state, tone: toneOf(each.state) },
        resultText(each),
      ]),
      'There is no operation.',
    ),
  )
  tellMore(out, page)
}

async function showOperation(session: Session, given: string, { wait = false }: Readonly<{ wait?: boolean }>): Promise<ExitCode> {
  const { out } = session
  const client = await session.api()
  const id = await idOf(client, kinds.operation, given)
  const operation = wait
    ? await endOfOperation(session, client, id, { what: 'waiting' })
    : await client.get<Operation>(pathOf(kinds.operation, id))
  out.show(operation, (page) => drawOperation(page, operation, out.nowMs))
  return exitCodeOf(operation)
}

type CancelFlags = Repeatable & Readonly<{ reason: string }>

async function cancelOperation(session: Session, given: string, { reason, idempotencyKey }: CancelFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const id = await idOf(client, kinds.operation, given)
  const outcome = await client.send<Outcome>('POST', pathOf(kinds.operation, id, '/cancel'), { body: { reason }, idempotencyKey })
  const operation = await settled<Operation>(session, client, pathOf(kinds.operation, id), outcome)
  out.show(operation ?? outcome, (page) => {
    if (operation) drawOperation(page, operation, out.nowMs)
    else page.item('Cancelled ', id, 'warn')
  })
}

export function drawOperation(page: Page, operation: Operation, nowMs: number): void {
  const { id, kind, subject, state, startedAt, startedBy, reason, endedAt, progress, cancelledBy, result, rule, says, items } = operation
  page.heading(`${kind} of ${subject}`)
  page.fields([
    ['id', id],
    ['state', { text: state, tone: toneOf(state) }],
    ['started', `${moment(startedAt, nowMs)} by ${startedBy}`],
    ['reason', reason],
    ['ended', endedAt === null ? null : moment(endedAt, nowMs)],
    ['progress', progress === null ? null : `${endedAt === null ? `${barOf(progress)} ` : ''}${countsText(progress)}`],
    ['follow it', endedAt === null ? { text: `steward operation watch ${id}`, tone: 'accent' } : null],
    ['cancelled', cancelledBy === null ? null : `by ${cancelledBy}: ${says ?? ''}`],
    ['result', result === null ? null : factsText(result)],
    ['failed', rule === null ? null : `${rule}: ${says ?? ''}`],
  ])
  if (items === null) return
  page.blank()
  page.table(
    [{ head: 'ITEM', kind: 'text' }, { head: 'STATE' }, { head: 'RULE' }, { head: 'WHAT BECAME OF IT', kind: 'text' }],
    items.map((item) => [item.name ?? item.id, { text: item.state, tone: toneOf(item.state) }, item.rule ?? '', item.says ?? '']),
    'It has no items.',
  )
}

type Progress = NonNullable<Operation['progress']>

const countsText = ({ total, completed, succeeded, failed, unknown }: Progress): string =>
  [
    `${succeeded} of ${total} succeeded`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ...(completed < total ? [`${total - completed} open`] : []),
  ].join(', ')

function resultText({ says, result, progress }: OperationSummary): string {
  if (progress !== null) return countsText(progress)
  return says ?? (result === null ? '' : factsText(result))
}
