/** `steward target add`: what a service is, where it logs, and how Steward may ask it how it is. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { registerTarget } from '../../api/routes/targets.ts'
import { type Repeatable, repeatable, settled } from '../change.ts'
import { existingIdOf, kinds, pathOf } from '../client/references.ts'
import type { BodyOf, Outcome, Target } from '../client/shapes.ts'
import { type Define, wholeNumber } from '../define.ts'
import { usageError } from '../exit-code.ts'
import type { Session } from '../session.ts'
import { MODES, modeHelp, SERVICES } from './target-words.ts'

export function defineAddTarget(target: Command, { run }: Define): void {
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
    hostId: await existingIdOf(client, kinds.host, flags.host),
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
