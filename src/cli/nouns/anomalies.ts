/** `steward anomaly`: single detections. A report opens an incident at most; it never authorises an action. */
import { Argument, type Command, Option } from 'commander'
import { type Repeatable, repeatable, settled } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { namesOf } from '../client/names.ts'
import { existingIdOf, idOf, kinds, pathOf } from '../client/references.ts'
import type { Anomaly, Outcome } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { usageError } from '../exit-code.ts'
import { ago, moment } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import { shortId } from '../screen/table.ts'
import type { Session } from '../session.ts'
import { titleOf } from '../views/anomaly.ts'
import { plainFacts } from '../views/facts.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const SEVERITIES = ['info', 'warning', 'error', 'critical']
const STATUSES = ['new', 'investigating', 'resolved', 'false_positive', 'ignored', 'escalated']

export function defineAnomalies(program: Command, { run }: Define): void {
  const anomaly = program
    .command('anomaly')
    .summary('single detections')
    .description('Single detections: a line of a log, a probe, a report.')

  addListOptions(anomaly.command('list'))
    .alias('ls')
    .summary('list anomalies, newest first')
    .option('--target <target>', 'of this target')
    .option('--incident <incident>', 'of this incident')
    .addOption(new Option('--status <status>', 'judged so').choices(STATUSES))
    .addOption(new Option('--severity <severity>', 'of this severity').choices(SEVERITIES))
    .option('--fault <fault>', 'of this fault, e.g. nginx.too-many-open-files')
    .option('--since <time>', 'detected at or after this time (ISO 8601)')
    .action(run(listAnomalies))

  anomaly.command('show <anomaly>').summary('show an anomaly').action(run(showAnomaly))

  repeatable(anomaly.command('report <target> <message>'))
    .summary('report an error yourself')
    .description(
      'Reports an error of a target. Steward looks at the host before it plans anything. A message of - is read from standard input.',
    )
    .addOption(new Option('--severity <severity>', 'how bad it is').choices(SEVERITIES).default('error'))
    .option('--context <json>', 'anything else that is known, as JSON')
    .addHelpText(
      'after',
      "\nExamples:\n  steward anomaly report cache 'OOM command not allowed' --severity critical\n  tail -n 1 app.log | steward anomaly report shop -",
    )
    .action(run(reportAnomaly))

  repeatable(anomaly.command('status <anomaly>'))
    .summary('judge an anomaly')
    .addArgument(new Argument('<status>').choices(STATUSES))
    .action(run(changeStatus))
}

type AnomalyListFlags = ListFlags &
  Readonly<{ target?: string; incident?: string; status?: string; severity?: string; fault?: string; since?: string }>

async function listAnomalies(session: Session, flags: AnomalyListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = {
    target_id: flags.target === undefined ? undefined : await existingIdOf(client, kinds.target, flags.target),
    incident_id: flags.incident === undefined ? undefined : await existingIdOf(client, kinds.incident, flags.incident),
    status: flags.status,
    severity: flags.severity,
    fault_id: flags.fault,
    from: flags.since,
  }
  const [page, targetName] = await Promise.all([
    fetchList<Anomaly>(client, kinds.anomaly.path, query, flags),
    namesOf(client, kinds.target),
  ])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ID', kind: 'id' },
        { head: 'LAST OCCURRED' },
        { head: 'TIMES', align: 'right' },
        { head: 'SEVERITY' },
        { head: 'STATUS' },
        { head: 'TARGET', kind: 'text' },
        { head: 'WHAT', kind: 'text' },
      ],
      page.items.map((anomaly) => [
        anomaly.id,
        ago(anomaly.lastSeenAt, out.nowMs),
        String(anomaly.count),
        { text: anomaly.severity, tone: toneOf(anomaly.severity) },
        anomaly.status,
        targetName(anomaly.targetId),
        titleOf(anomaly),
      ]),
      'There is no anomaly.',
    ),
  )
  tellMore(out, page)
}

async function showAnomaly(session: Session, given: string): Promise<void> {
  const { out } = session
  const client = await session.api()
  const anomaly = await client.get<Anomaly>(pathOf(kinds.anomaly, await idOf(client, kinds.anomaly, given)))
  const targetName = out.json ? (id: string) => id : await namesOf(client, kinds.target)
  out.show(anomaly, (page) => {
    page.heading(titleOf(anomaly))
    page.fields([
      ['id', anomaly.id],
      ['severity', { text: anomaly.severity, tone: toneOf(anomaly.severity) }],
      [
        'status',
        anomaly.statusBy === null ? anomaly.status : `${anomaly.status}, by ${anomaly.statusBy} ${ago(anomaly.statusAt, out.nowMs)}`,
      ],
      ['target', `${targetName(anomaly.targetId)} (${anomaly.service})`],
      ['fault', anomaly.faultId ?? 'not in the catalogue'],
      ['incident', anomaly.incidentId],
      ['source', plainFacts(anomaly.source)],
      ['times', `${anomaly.count}, grouped by ${anomaly.groupedBy}`],
      ['first occurred', moment(anomaly.detectedAt, out.nowMs)],
      ['last occurred', moment(anomaly.lastSeenAt, out.nowMs)],
    ])
    page.blank()
    page.block(anomaly.excerpt)
  })
}

type ReportFlags = Repeatable & Readonly<{ severity: string; context?: string }>

async function reportAnomaly(
  session: Session,
  target: string,
  given: string,
  { severity, context, idempotencyKey }: ReportFlags,
): Promise<void> {
  const client = await session.api()
  const message = given === '-' ? await standardInput(session) : given
  const targetId = await idOf(client, kinds.target, target)
  const body = { targetId, message, severity, ...(context === undefined ? {} : { context: parsed(context) }) }
  const outcome = await client.send<Outcome>('POST', kinds.anomaly.path, { body, idempotencyKey })
  const anomaly = await settled<Anomaly>(session, client, pathOf(kinds.anomaly, outcome.id), outcome)
  session.out.show(outcome, (page) => {
    page.item('Reported ', anomaly === undefined ? outcome.id : titleOf(anomaly), 'good')
    page.fields([
      ['anomaly', outcome.id],
      ['incident', anomaly?.incidentId],
    ])
    if (anomaly?.incidentId) page.text(`Next: steward incident show ${shortId(anomaly.incidentId)}`, 'dim')
  })
}

function parsed(context: string): unknown {
  try {
    return JSON.parse(context)
  } catch {
    throw usageError('--context is no JSON')
  }
}

async function standardInput({ context: { stdin } }: Session): Promise<string> {
  let text = ''
  for await (const chunk of stdin.setEncoding('utf8')) text += String(chunk)
  return text.replace(/\r?\n$/, '')
}

async function changeStatus(session: Session, given: string, status: string, { idempotencyKey }: Repeatable): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds.anomaly, await idOf(client, kinds.anomaly, given))
  const outcome = await client.send<Outcome>('POST', `${path}/status`, { body: { status }, idempotencyKey })
  const anomaly = await settled<Anomaly>(session, client, path, outcome)
  session.out.show(outcome, (page) => page.item('Judged ', `${anomaly === undefined ? outcome.id : titleOf(anomaly)}: ${status}`, 'good'))
}
