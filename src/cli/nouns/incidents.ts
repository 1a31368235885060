/** `steward incident`: the workflows that answer anomalies. */
import { Argument, type Command, Option } from 'commander'
import { each, type Repeatable, repeatable, settled } from '../change.ts'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { namesAround, namesOf } from '../client/names.ts'
import { existingIdOf, idOf, kinds, pathOf } from '../client/references.ts'
import type { Incident, IncidentSummary, Outcome } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { drawIncident } from '../views/incident.ts'
import { isKey } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const SEVERITIES = ['info', 'warning', 'error', 'critical']

export function defineIncidents(program: Command, { run }: Define): void {
  const incident = program
    .command('incident')
    .summary('what went wrong, and what was done about it')
    .description('What went wrong, and what was done about it. An incident is named by its id, or by the end of it as lists show it.')

  addListOptions(incident.command('list'))
    .alias('ls')
    .summary('list incidents, newest first')
    .option('--open', 'only those without an end')
    .option('--target <target>', 'of this target')
    .option('--host <host>', 'of this host')
    .option('--server <server>', 'of this managed server')
    .option('--service <service>', 'of this service, e.g. nginx; server: of managed servers')
    .option('--state <state>', 'in this state, e.g. awaiting-approval, executing, escalated, undetermined')
    .addOption(new Option('--severity <severity>', 'of this severity').choices(SEVERITIES))
    .option('--since <time>', 'opened at or after this time (ISO 8601)')
    .addHelpText('after', '\nExamples:\n  steward incident list --open\n  steward incident list --target web --severity critical --json')
    .action(run(listIncidents))

  incident
    .command('show <incident>')
    .summary('its whole story: evidence, plan, execution, outcome, timeline')
    .option('--full', 'with parameters, outputs, and timers, effects and resources in the timeline')
    .addHelpText('after', '\nExamples:\n  steward incident show 9c1d02ab\n  steward incident show 9c1d02ab --full | less')
    .action(run(showIncident))

  repeatable(incident.command('acknowledge <incident...>'))
    .alias('ack')
    .summary('say that somebody looks after it')
    .action(
      run((session: Session, given: readonly string[], flags: Repeatable) =>
        change(session, given, flags, { verb: 'acknowledge', did: 'Acknowledged' }),
      ),
    )
  repeatable(incident.command('close <incident...>'))
    .summary('end it without a fix')
    .option('--reason <reason>', 'why')
    .action(
      run((session: Session, given: readonly string[], flags: ReasonFlags) =>
        change(session, given, flags, { verb: 'close', did: 'Closed', body: bodyOf(flags) }),
      ),
    )
  repeatable(incident.command('resolve <incident>'))
    .summary('say what became of an outcome that nobody could prove')
    .description('You looked at the host. done: the fix took effect. not-done: it did not.')
    .addArgument(new Argument('<outcome>').choices(['done', 'not-done']))
    .requiredOption('--reason <reason>', 'how you know')
    .action(
      run((session: Session, given: string, outcome: string, flags: ReasonFlags) =>
        change(session, [given], flags, { verb: 'resolve', did: 'Resolved', body: { outcome, ...bodyOf(flags) } }),
      ),
    )
  repeatable(incident.command('reanalyse <incident>'))
    .summary('look at the host again and analyse anew')
    .action(
      run((session: Session, given: string, flags: Repeatable) =>
        change(session, [given], flags, { verb: 'reanalyse', did: 'Looking again at' }),
      ),
    )
}

/** A state that waits says for what. */
const stateText = ({ state, waitingFor }: IncidentSummary): string =>
  state !== 'waiting' || waitingFor === null ? state : `waiting: ${waitingFor}`

type IncidentListFlags = ListFlags &
  Readonly<{
    open?: boolean
    target?: string
    host?: string
    server?: string
    service?: string
    state?: string
    severity?: string
    since?: string
  }>

/** The place of a managed server is the server itself. */
async function placeOf(client: StewardClient, { host, server }: IncidentListFlags): Promise<string | undefined> {
  if (server !== undefined) return existingIdOf(client, kinds.server, server)
  return host === undefined ? undefined : existingIdOf(client, kinds.host, host)
}

async function listIncidents(session: Session, flags: IncidentListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = {
    open: flags.open,
    target_id: flags.target === undefined ? undefined : await existingIdOf(client, kinds.target, flags.target),
    host_id: await placeOf(client, flags),
    service: flags.service,
    state: flags.state,
    severity: flags.severity,
    from: flags.since,
  }
  const [page, targetName] = await Promise.all([
    fetchList<IncidentSummary>(client, kinds.incident.path, query, flags),
    namesOf(client, kinds.target),
  ])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ID', kind: 'id' },
        { head: 'OPENED' },
        { head: 'SEVERITY' },
        { head: 'STATE' },
        { head: 'TARGET', kind: 'text' },
        { head: 'WHAT', kind: 'text' },
      ],
      page.items.map((incident) => [
        incident.id,
        ago(incident.openedAt, out.nowMs),
        { text: incident.severity, tone: toneOf(incident.severity) },
        { text: incident.outcome ?? stateText(incident), tone: toneOf(incident.outcome ?? incident.state) },
        targetName(incident.targetId),
        incident.title,
      ]),
      flags.open === true ? 'No incident is open.' : 'There is no incident.',
    ),
  )
  tellMore(out, page)
}

async function showIncident(session: Session, given: string, { full = false }: Readonly<{ full?: boolean }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const incident = await client.get<Incident>(pathOf(kinds.incident, await idOf(client, kinds.incident, given)))
  const keyIds = incident.timeline.map(({ actor }) => actor).filter(isKey)
  const nameOf = out.json ? (id: string) => id : await namesAround(client, { ...incident, keyIds })
  out.show(incident, (page) => drawIncident(page, incident, { nowMs: out.nowMs, nameOf, full }))
}

type ReasonFlags = Repeatable & Readonly<{ reason?: string }>

const bodyOf = ({ reason }: ReasonFlags): Readonly<Record<string, string>> => (reason === undefined ? {} : { reason })

type Change = Readonly<{ verb: string; did: string; body?: Readonly<Record<string, string>> }>

async function change(session: Session, given: readonly string[], { idempotencyKey }: Repeatable, { verb, did, body = {} }: Change) {
  const client = await session.api()
  return each(session, given, { ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }, async (name) => {
    const id = await idOf(client, kinds.incident, name)
    const outcome = await client.send<Outcome>('POST', pathOf(kinds.incident, id, `/${verb}`), { body, idempotencyKey })
    const incident = await settled<Incident>(session, client, pathOf(kinds.incident, id), outcome)
    session.out.stream(outcome, (page) =>
      page.item(`${did} `, incident === undefined ? id : `${incident.title} (${incident.state})`, 'good'),
    )
  })
}
