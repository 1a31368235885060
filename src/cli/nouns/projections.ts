/** `steward projection`, `steward operation`, `steward process`: the machinery behind the answers, and what it has to say for itself. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { each, type Repeatable, repeatable } from '../change.ts'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Page as List, Operation, Outcome, ParkedInstance, Projection, StartedOperation } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import { ago, duration, moment } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { factsText } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

export function defineProjections(program: Command, { run }: Define): void {
  const projection = program
    .command('projection')
    .summary('read models, made from the log')
    .description('Read models: made from the log, and made again from it at any time.')
  projection.command('list').alias('ls').summary('list projections with their lag').action(run(listProjections))
  repeatable(projection.command('rebuild <projection...>'))
    .summary('make read models anew from the log')
    .description('Makes read models anew from the log, beside the live ones, which go on answering until both are swapped.')
    .option('--no-wait', 'do not wait for the end')
    .action(run((session: Session, given: readonly string[], flags: WorkFlags) => work(session, given, 'rebuild', flags)))
  repeatable(projection.command('verify [projection...]'))
    .summary('prove that read models equal their rebuild')
    .description(
      'Makes read models anew beside the live ones and compares them, row by row. Without a name: all of them. Exit code 1 when one differs.',
    )
    .option('--no-wait', 'do not wait for the end')
    .action(run((session: Session, given: readonly string[], flags: WorkFlags) => work(session, given, 'verify', flags)))

  const operation = program.command('operation').summary('long work: running and ended').description('Long work: running and ended.')
  addListOptions(operation.command('list'))
    .alias('ls')
    .summary('list operations, newest first')
    .addOption(new Option('--state <state>', 'in this state').choices(['running', 'succeeded', 'failed']))
    .action(run(listOperations))
  operation.command('show <operation>').summary('show an operation').option('--wait', 'wait for its end').action(run(showOperation))

  const process = program
    .command('process')
    .summary('workflows that stopped and wait for a person')
    .description('Workflows. One that meets an event it cannot handle is parked, alone, until a person decides.')
  process.command('parked').summary('list what is parked').action(run(listParked))
  repeatable(process.command('unpark <process> <instance>'))
    .summary('let a parked one go on')
    .option('--retry', 'handle the event again: what was wrong is fixed')
    .option('--skip', 'leave the event out; the audit says who did so')
    .requiredOption('--reason <reason>', 'why')
    .action(run(unpark))
}

async function listProjections(session: Session): Promise<void> {
  const { out } = session
  const page = await (await session.api()).get<List<Projection>>('/api/v1/projections')
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'NAME', kind: 'text' },
        { head: 'VERSION', align: 'right' },
        { head: 'STATE' },
        { head: 'LAG', align: 'right' },
        { head: 'POSITION', align: 'right' },
        { head: 'NOTE', kind: 'text' },
      ],
      page.items.map(({ name, version, state, position, caughtUp, lagSeconds, parkedBecause }) => [
        name,
        String(version),
        { text: state, tone: toneOf(state) },
        caughtUp ? { text: 'none', tone: 'good' } : { text: lagSeconds === null ? 'unknown' : duration(lagSeconds * 1_000), tone: 'warn' },
        position ?? '-',
        parkedBecause ?? '',
      ]),
      'There is no projection.',
    ),
  )
}

type WorkFlags = Repeatable & Readonly<{ wait: boolean }>

async function work(session: Session, given: readonly string[], verb: 'rebuild' | 'verify', flags: WorkFlags) {
  const { out } = session
  const client = await session.api()
  const names = given.length > 0 ? given : (await client.get<List<Projection>>('/api/v1/projections')).items.map(({ name }) => name)
  return each(session, names, flags, async (name) => {
    const { idempotencyKey } = flags
    const started = await client.send<StartedOperation>('POST', `/api/v1/projections/${encodeURIComponent(name)}/${verb}`, {
      body: {},
      idempotencyKey,
    })
    if (!flags.wait) {
      out.stream(started, (page) => page.item('Started ', `${verb} of ${name}: steward operation show ${started.operationId}`, 'good'))
      return
    }
    const ended = await ending(session, client, started.operationId, { position: started.position, what: `${verb} of ${name}` })
    const differs = ended.result !== null && ended.result['equal'] === false
    out.stream(ended, (page) =>
      ended.state === 'succeeded' && !differs
        ? page.item(verb === 'verify' ? 'equal  ' : 'rebuilt  ', `${name}${tookText(ended)}`, 'good')
        : page.item(differs ? 'differs  ' : 'failed  ', `${name}: ${ended.says ?? ended.rule ?? factsText(ended.result ?? {})}`, 'bad'),
    )
    if (ended.state === 'failed' || differs)
      throw new CliError(`${verb} of ${name} ${differs ? 'found differences' : 'failed'}`, { exitCode: exitCode.failure })
  })
}

const tookText = ({ startedAt, endedAt, result }: Operation): string => {
  const ms = Date.parse(endedAt ?? '') - Date.parse(startedAt)
  const facts = result === null ? '' : `, ${factsText(result)}`
  return `${Number.isNaN(ms) ? '' : ` in ${duration(ms)}`}${facts}`
}

const FIRST_LOOK_MS = 100
const LATER_LOOK_MS = 1_000

/** A bar would need to know how much is left; what is known is how long it has been going on. */
async function ending(
  { out, signal, context: { stderr, nowMs } }: Session,
  client: StewardClient,
  id: string,
  { position, what }: { position?: string; what: string },
): Promise<Operation> {
  const path = pathOf(kinds.operation, id)
  const beganMs = nowMs()
  const live = stderr.isTTY === true && !out.json
  let told = false
  let operation = await client.get<Operation>(path, position === undefined ? {} : { min_position: position })
  for (let pauseMs = FIRST_LOOK_MS; operation.state === 'running'; pauseMs = Math.min(pauseMs * 2, LATER_LOOK_MS)) {
    told = live
    if (told) stderr.write(`\r${what}: ${duration(nowMs() - beganMs)}   `)
    await delay(pauseMs, undefined, { signal })
    operation = await client.get<Operation>(path)
  }
  if (told) stderr.write(`\r${' '.repeat(what.length + 20)}\r`)
  return operation
}

async function listOperations(session: Session, flags: ListFlags & Readonly<{ state?: string }>): Promise<void> {
  const { out } = session
  const page = await fetchList<Operation>(await session.api(), kinds.operation.path, { state: flags.state }, flags)
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
      page.items.map(({ id, startedAt, startedBy, kind, subject, state, result, says }) => [
        id,
        ago(startedAt, out.nowMs),
        startedBy,
        kind,
        subject,
        { text: state, tone: toneOf(state) },
        says ?? (result === null ? '' : factsText(result)),
      ]),
      'There is no operation.',
    ),
  )
  tellMore(out, page)
}

async function showOperation(session: Session, given: string, { wait = false }: Readonly<{ wait?: boolean }>) {
  const { out } = session
  const client = await session.api()
  const id = await idOf(client, kinds.operation, given)
  const operation = wait ? await ending(session, client, id, { what: 'waiting' }) : await client.get<Operation>(pathOf(kinds.operation, id))
  out.show(operation, (page) => {
    page.heading(`${operation.kind} of ${operation.subject}`)
    page.fields([
      ['id', operation.id],
      ['state', { text: operation.state, tone: toneOf(operation.state) }],
      ['started', `${moment(operation.startedAt, out.nowMs)} by ${operation.startedBy}`],
      ['ended', operation.endedAt === null ? null : moment(operation.endedAt, out.nowMs)],
      ['result', operation.result === null ? null : factsText(operation.result)],
      ['failed', operation.rule === null ? null : `${operation.rule}: ${operation.says ?? ''}`],
    ])
  })
  return operation.state === 'failed' ? exitCode.failure : exitCode.ok
}

async function listParked(session: Session): Promise<void> {
  const { out } = session
  const page = await (await session.api()).get<List<ParkedInstance>>('/api/v1/processes/parked')
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'PROCESS' },
        { head: 'INSTANCE', kind: 'text' },
        { head: 'SINCE' },
        { head: 'EVENT', kind: 'id' },
        { head: 'CAUSE', kind: 'text' },
      ],
      page.items.map(({ process, instance, at, eventId, cause }) => [
        process,
        instance,
        ago(at, out.nowMs),
        eventId,
        { text: cause, tone: 'bad' },
      ]),
      'Nothing is parked.',
    ),
  )
}

type UnparkFlags = Repeatable & Readonly<{ retry?: boolean; skip?: boolean; reason: string }>

async function unpark(
  session: Session,
  process: string,
  instance: string,
  { retry, skip, reason, idempotencyKey }: UnparkFlags,
): Promise<void> {
  if ((retry === true) === (skip === true)) throw usageError('say either --retry or --skip')
  const client = await session.api()
  const path = `/api/v1/processes/${encodeURIComponent(process)}/instances/${encodeURIComponent(instance)}/unpark`
  const way = retry === true ? 'retry' : 'skip'
  const outcome = await client.send<Outcome>('POST', path, { body: { way, reason }, idempotencyKey })
  session.out.show(outcome, (page) =>
    page.item('Goes on ', `${process} ${instance}, ${way === 'retry' ? 'with the event again' : 'without the event'}`, 'good'),
  )
}
