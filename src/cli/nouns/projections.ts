/** `steward projection`, `steward process`: the machinery behind the answers, and what it has to say for itself. */
import type { Command } from 'commander'
import { each, type Repeatable, repeatable } from '../change.ts'
import type { Page as List, Operation, Outcome, ParkedInstance, Projection, StartedOperation } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import { endOfOperation } from '../operation-progress.ts'
import { ago, duration } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { factsText } from '../views/value.ts'

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
    const ended = await endOfOperation(session, client, started.operationId, { position: started.position, what: `${verb} of ${name}` })
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
