/** `steward target` and `steward mode`: watched services on hosts, and what may be done to them. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Argument, type Command, Option } from 'commander'
import type { registerTarget } from '../../api/routes/targets.ts'
import { confirmed, each, type Repeatable, repeatable, settled } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { namesOf } from '../client/names.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { BodyOf, Outcome, Target, TargetStatus } from '../client/shapes.ts'
import { type Define, wholeNumber } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { factsText } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const SERVICES = ['nginx', 'postgresql', 'redis'] as const
const MODES = ['observe', 'propose', 'act'] as const
const modeHelp = 'observe: detect and tell. propose: plan, and wait for a person. act: the policy may approve.'

export function defineTargets(program: Command, { run }: Define): void {
  const target = program.command('target').summary('watched services on hosts').description('Watched services on hosts.')
  defineAdd(target, run)

  addListOptions(target.command('list'))
    .alias('ls')
    .summary('list targets')
    .option('--host <host>', 'on this host')
    .addOption(new Option('--service <service>', 'of this kind').choices(SERVICES))
    .option('--frozen', 'only those that are frozen')
    .option('--paused', 'only those that are paused')
    .option('--retired', 'also those that were retired')
    .action(run(listTargets))

  target.command('show <target>').summary('show a target with everything that is recorded of it').action(run(showTarget))
  target
    .command('status <target...>')
    .summary('how a target is, in one line')
    .description('How each target is, in one line. Exit code 1 when one is not healthy.')
    .action(run(targetStatus))

  const withReason = (command: Command): Command => repeatable(command).option('--reason <reason>', 'why')
  const needsReason = (command: Command): Command => repeatable(command).requiredOption('--reason <reason>', 'why')

  withReason(target.command('pause <target...>'))
    .summary('detect nothing and begin no fix until it is resumed')
    .action(
      run((session: Session, given: readonly string[], flags: ReasonFlags) =>
        change(session, given, flags, { verb: 'pause', did: 'Paused' }),
      ),
    )
  repeatable(target.command('resume <target...>'))
    .summary('go on with paused targets')
    .action(
      run((session: Session, given: readonly string[], flags: Repeatable) =>
        change(session, given, flags, { verb: 'resume', did: 'Resumed' }),
      ),
    )
  needsReason(target.command('unfreeze <target>'))
    .summary('say that a frozen target is safe again')
    .description('A target freezes when nobody can prove what a fix or its rollback did. Look at it first; then say why it is safe again.')
    .action(
      run((session: Session, given: string, flags: ReasonFlags) => change(session, [given], flags, { verb: 'unfreeze', did: 'Unfroze' })),
    )
  needsReason(target.command('accept-drift <target>'))
    .summary('what is on the host now becomes the good state')
    .description('What is on the host now - modes, owners, configuration - becomes the baseline, which is what a fix may restore.')
    .action(
      run((session: Session, given: string, flags: ReasonFlags) =>
        change(session, [given], flags, { verb: 'baseline', did: 'Recorded the baseline of' }),
      ),
    )

  repeatable(target.command('mode <target>'))
    .summary('show or change what may be done to a target')
    .description(modeHelp)
    .addArgument(new Argument('[mode]').choices(MODES))
    .action(
      run((session: Session, given: string, mode: string | undefined, flags: Repeatable) =>
        mode === undefined ? showModes(session, [given]) : setMode(session, given, mode, flags),
      ),
    )

  withReason(target.command('delete <target>'))
    .summary('retire a target')
    .description('Retires a target: it is watched no more. Its history stays.')
    .option('-y, --yes', 'do not ask')
    .action(run(deleteTarget))

  const mode = program.command('mode').summary('what may be done to targets').description(`What may be done to a target. ${modeHelp}`)
  mode.command('show [target...]').summary('show the mode of targets').action(run(showModes))
  repeatable(mode.command('set <target>'))
    .summary('change the mode of a target')
    .addArgument(new Argument('<mode>').choices(MODES))
    .action(run(setMode))
}

function defineAdd(target: Command, run: Define['run']): void {
  repeatable(target.command('add <name>'))
    .summary('watch a service')
    .description(
      'Watches a service on a host. Steward looks at it first: a path that is missing, or a service that does not run, is refused.',
    )
    .requiredOption('--host <host>', 'the host it runs on')
    .addOption(new Option('--service <service>', 'what it is').choices(SERVICES).makeOptionMandatory())
    .option('--log <path...>', 'log file on the host; the first is the error log', collect, [])
    .option('--config <path...>', 'configuration file on the host; the first is the one the service starts with', collect, [])
    .addOption(new Option('--mode <mode>', modeHelp).choices(MODES).default('propose'))
    .option('--state-dir <path>', 'where Steward keeps marks and snapshots on the host')
    .option('--socket <path>', 'PostgreSQL, Redis: unix socket (PostgreSQL: the directory of it)')
    .option('--at <host:port>', 'PostgreSQL, Redis: address as seen from the host')
    .option('--database <name>', 'PostgreSQL: database to connect to', 'postgres')
    .option('--db-user <name>', 'PostgreSQL, Redis: user to connect as')
    .option('--password <reference>', 'PostgreSQL, Redis: file:<name> in a secret directory, or env:NAME; never the password itself')
    .option('--connection <json>', 'all of it as JSON, or @FILE')
    .addHelpText(
      'after',
      `
Examples:
  steward target add web --host web-01 --service nginx --log /var/log/nginx/error.log --config /etc/nginx/nginx.conf
  steward target add shop --host db-01 --service postgresql --log /var/log/postgresql/postgresql-17-main.log \\
    --config /etc/postgresql/17/main/postgresql.conf --at 127.0.0.1:5432 --db-user steward --password file:db-01.password
  steward target add cache --host web-01 --service redis --log /var/log/redis/redis-server.log --at 127.0.0.1:6379`,
    )
    .action(run(addTarget))
}

type AddFlags = Repeatable &
  Readonly<{
    host: string
    service: (typeof SERVICES)[number]
    log: readonly string[]
    config: readonly string[]
    mode: (typeof MODES)[number]
    stateDir?: string
    connection?: string
  }> &
  ConnectionFlags

type ConnectionFlags = Readonly<{ socket?: string; at?: string; database: string; dbUser?: string; password?: string }>

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

async function addTarget(session: Session, name: string, flags: AddFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const { service, log, config, mode, stateDir, idempotencyKey } = flags
  const connection =
    flags.connection === undefined ? connectionOf(service, flags) : await readConnection(flags.connection, session.context.cwd)
  const body = {
    name,
    hostId: await idOf(client, kinds.host, flags.host),
    service,
    logPaths: [...log],
    configPaths: [...config],
    mode,
    ...(stateDir === undefined ? {} : { stateDir }),
    ...(connection === undefined ? {} : { connection }),
  } satisfies Record<keyof Omit<BodyOf<typeof registerTarget>, 'stateDir' | 'connection'>, unknown>
  const outcome = await client.send<Outcome>('POST', kinds.target.path, { body, idempotencyKey })
  await settled<Target>(session, client, pathOf(kinds.target, outcome.id), outcome)
  out.show(outcome, (page) => {
    page.item('Added ', { text: name, tone: 'strong' }, 'good')
    page.fields([
      ['id', outcome.id],
      ['mode', mode],
    ])
    page.text(`Next: steward target show ${name}`, 'dim')
  })
}

function connectionOf(
  service: AddFlags['service'],
  { socket, at, database, dbUser, password }: ConnectionFlags,
): Readonly<Record<string, unknown>> | undefined {
  if (service === 'nginx') {
    if (socket !== undefined || at !== undefined || dbUser !== undefined || password !== undefined) {
      throw usageError('--socket, --at, --db-user and --password are for PostgreSQL and Redis', 'Settings of nginx go into --connection.')
    }
    return undefined
  }
  if (socket === undefined && at === undefined) return undefined
  if (socket !== undefined && at !== undefined) throw usageError('give either --socket or --at')
  if (service === 'postgresql' && dbUser === undefined) throw usageError('--db-user is needed to connect to PostgreSQL')
  return {
    kind: service,
    at: socket === undefined ? addressOf(at ?? '') : { socket },
    ...(service === 'postgresql' ? { database } : {}),
    ...(dbUser === undefined ? {} : { user: dbUser }),
    ...(password === undefined ? {} : { password }),
  }
}

function addressOf(text: string): Readonly<{ host: string; port: number }> {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = v6 ?? name
  if (host === undefined || port === undefined)
    throw usageError(`--at: must be host:port, such as 127.0.0.1:5432, not ${JSON.stringify(text)}`)
  return { host, port: wholeNumber(1, 65_535)(port) }
}

async function readConnection(given: string, cwd: string): Promise<unknown> {
  const place = given.startsWith('@') ? resolve(cwd, given.slice(1)) : '--connection'
  const text = given.startsWith('@')
    ? await readFile(place, 'utf8').catch(() => {
        throw usageError(`--connection: ${place} cannot be read`)
      })
    : given
  try {
    return JSON.parse(text)
  } catch {
    throw usageError(`--connection: ${place === '--connection' ? 'what was given' : place} is no JSON`)
  }
}

type TargetListFlags = ListFlags & Readonly<{ host?: string; service?: string; frozen?: boolean; paused?: boolean; retired?: boolean }>

async function listTargets(session: Session, flags: TargetListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = {
    host_id: flags.host === undefined ? undefined : await idOf(client, kinds.host, flags.host),
    service: flags.service,
    frozen: flags.frozen,
    paused: flags.paused,
    state: flags.retired === true ? 'all' : undefined,
  }
  const [page, hostName] = await Promise.all([fetchList<Target>(client, kinds.target.path, query, flags), namesOf(client, kinds.host)])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'NAME', kind: 'text' },
        { head: 'SERVICE' },
        { head: 'HOST', kind: 'text' },
        { head: 'STATUS' },
        { head: 'MODE' },
        { head: 'OPEN', align: 'right' },
        { head: 'LAST SEEN' },
        { head: 'ID', kind: 'id' },
      ],
      page.items.map((target) => [
        target.name,
        target.service,
        hostName(target.hostId),
        { text: target.status, tone: toneOf(target.status) },
        { text: target.mode, tone: toneOf(target.mode) },
        { text: String(target.openIncidents), tone: target.openIncidents > 0 ? 'bad' : 'plain' },
        ago(target.seenAt, out.nowMs),
        target.id,
      ]),
      'There is no target here. `steward target add --help` tells how to add one.',
    ),
  )
  tellMore(out, page)
}

async function showTarget(session: Session, given: string): Promise<void> {
  const { out } = session
  const client = await session.api()
  const target = await client.get<Target>(pathOf(kinds.target, await idOf(client, kinds.target, given)))
  const hostName = await namesOf(client, kinds.host)
  out.show(target, (page) => drawTarget(page, target, { nowMs: out.nowMs, host: hostName(target.hostId) }))
}

function drawTarget(page: Page, target: Target, { nowMs, host }: { nowMs: number; host: string }): void {
  const { status, visibility, unseenReason, pausedReason, frozenBy, frozenReason } = target
  page.heading(target.name)
  page.fields([
    ['id', target.id],
    ['service', `${target.service} on ${host}`],
    ['status', { text: status, tone: toneOf(status) }],
    ['mode', { text: target.mode, tone: toneOf(target.mode) }],
    [
      'seen',
      { text: `${visibility}${unseenReason === null ? '' : `: ${unseenReason}`}, ${ago(target.seenAt, nowMs)}`, tone: toneOf(visibility) },
    ],
    ['paused', pausedReason === null ? null : { text: pausedReason, tone: 'warn' }],
    [
      'frozen',
      frozenReason === null ? null : { text: `${frozenReason}${frozenBy === null ? '' : `, by incident ${frozenBy}`}`, tone: 'bad' },
    ],
    [
      'incidents',
      target.openIncidents === 0
        ? 'none open'
        : { text: `${target.openIncidents} open, worst ${target.worstSeverity ?? 'unknown'}`, tone: 'bad' },
    ],
    [
      'anomalies',
      target.lastAnomalyAt === null ? String(target.anomalies) : `${target.anomalies}, last ${ago(target.lastAnomalyAt, nowMs)}`,
    ],
    ['logs', target.logPaths.join(', ')],
    ['log gaps', target.logGaps === 0 ? null : { text: String(target.logGaps), tone: 'warn' }],
    ['config', target.configPaths.join(', ')],
    ['connection', target.connection === null ? null : factsText(target.connection)],
    ['state dir', target.stateDir],
    [
      'baseline',
      target.baselineAt === null
        ? { text: 'not recorded yet', tone: 'warn' }
        : `${target.baselineEntries} entries, ${moment(target.baselineAt, nowMs)}`,
    ],
    ['registered', `${moment(target.registeredAt, nowMs)} by ${target.registeredBy}`],
  ])
}

async function targetStatus(session: Session, given: readonly string[]) {
  const client = await session.api()
  return each(session, given, {}, async (name) => {
    const status = await client.get<TargetStatus>(pathOf(kinds.target, await idOf(client, kinds.target, name), '/status'))
    session.out.stream(status, (page) => {
      const because = status.because === null ? '' : `: ${status.because}`
      const open = status.openIncidents === 0 ? '' : `, ${status.openIncidents} open incidents, worst ${status.worstSeverity ?? 'unknown'}`
      page.item(`${status.status}  `, `${status.name}${because}${open}`, toneOf(status.status))
    })
    if (status.status !== 'healthy') throw new CliError(`${status.name} is ${status.status}`, { exitCode: exitCode.failure })
  })
}

type ReasonFlags = Repeatable & Readonly<{ reason?: string }>

async function change(session: Session, given: readonly string[], flags: ReasonFlags, { verb, did }: { verb: string; did: string }) {
  const client = await session.api()
  return each(session, given, flags, async (name) => {
    const id = await idOf(client, kinds.target, name)
    const { reason, idempotencyKey } = flags
    const outcome = await client.send<Outcome>('POST', pathOf(kinds.target, id, `/${verb}`), {
      body: reason === undefined ? {} : { reason },
      idempotencyKey,
    })
    const target = await settled<Target>(session, client, pathOf(kinds.target, id), outcome)
    session.out.stream(outcome, (page) =>
      page.item(`${did} `, target === undefined ? name : `${target.name}: it is ${target.status} now`, 'good'),
    )
  })
}

async function showModes(session: Session, given: readonly string[]): Promise<void> {
  const { out } = session
  const client = await session.api()
  const targets =
    given.length === 0
      ? (await fetchList<Target>(client, kinds.target.path, {}, { all: true })).items
      : await Promise.all(given.map(async (name) => client.get<Target>(pathOf(kinds.target, await idOf(client, kinds.target, name)))))
  const modes = targets.map(({ id, name, mode }) => ({ id, name, mode }))
  out.show(modes, (page) =>
    page.table(
      [{ head: 'TARGET', kind: 'text' }, { head: 'MODE' }],
      modes.map(({ name, mode }) => [name, { text: mode, tone: toneOf(mode) }]),
      'There is no target yet.',
    ),
  )
}

async function setMode(session: Session, given: string, mode: string, { idempotencyKey }: Repeatable): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds.target, await idOf(client, kinds.target, given))
  const { body: before, etag } = await client.see<Target>(path)
  const outcome = await client.send<Outcome>('PUT', `${path}/mode`, { body: { mode }, ifMatch: etag ?? '*', idempotencyKey })
  await settled<Target>(session, client, path, outcome)
  session.out.show(outcome, (page) => page.item('Changed ', `${before.name} from ${before.mode} to ${mode}`, 'good'))
}

async function deleteTarget(session: Session, given: string, flags: ReasonFlags & Readonly<{ yes?: boolean }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const path = pathOf(kinds.target, await idOf(client, kinds.target, given))
  const { body: target, etag } = await client.see<Target>(path)
  out.notes((page) => drawTarget(page, target, { nowMs: out.nowMs, host: target.hostId }))
  if (!(await confirmed(session, flags, 'Retire this target?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const { reason, idempotencyKey } = flags
  const outcome = await client.send<Outcome>('DELETE', path, {
    body: reason === undefined ? {} : { reason },
    ifMatch: etag ?? '*',
    idempotencyKey,
  })
  await settled<Target>(session, client, path, outcome)
  out.show(outcome, (page) => page.item('Retired ', target.name, 'good'))
}
