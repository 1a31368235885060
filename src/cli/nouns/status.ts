/** `steward status`: everything in one look. Exit code 1 when Steward says that it is unhealthy. */
import type { Command } from 'commander'
import type { Status } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { exitCode } from '../exit-code.ts'
import { duration } from '../screen/moment.ts'
import { type Tone, toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'

export function defineStatus(program: Command, { run }: Define): void {
  program
    .command('status')
    .summary('everything in one look')
    .description('Everything in one look. Exit code 1 when Steward is unhealthy.')
    .action(run(showStatus))
}

/** The switch and the file are two facts: whoever lifts one must know of the other. */
function healingText({ stopped, stopFile }: Status['healing']): string | Readonly<{ text: string; tone: Tone }> {
  const by = [...(stopped ? ['the switch'] : []), ...(stopFile === null ? [] : [`the file ${stopFile.path}`])]
  return by.length === 0 ? 'running' : { text: `stopped by ${by.join(' and by ')}`, tone: 'bad' }
}

async function showStatus(session: Session) {
  const { out } = session
  const status = await (await session.api()).get<Status>('/api/v1/status')
  const { hosts, targets, incidents, approvals, anomalies, healing, checks } = status
  const some = (count: number, tone: Tone = 'bad'): Tone => (count > 0 ? tone : 'plain')
  out.show(status, (page) => {
    page.fields([
      [
        'Steward',
        { text: `${status.status}, version ${status.version}, up ${duration(status.uptimeSeconds * 1_000)}`, tone: toneOf(status.status) },
      ],
      ['healing', healingText(healing)],
      ['hosts', { text: `${hosts.registered}${listOf({ lost: hosts.lost })}`, tone: some(hosts.lost) }],
      [
        'targets',
        {
          text: `${targets.registered}${listOf({ paused: targets.paused, frozen: targets.frozen, unseen: targets.unseen })}`,
          tone: some(targets.frozen + targets.unseen),
        },
      ],
      ['incidents', { text: `${incidents.open} open${listOf(incidents.byState)}`, tone: some(incidents.open) }],
      ['approvals', { text: `${approvals.pending} wait`, tone: some(approvals.pending, 'warn') }],
      ['anomalies', `${anomalies.total}, ${anomalies.last24h} in the last 24 h`],
      [
        'log',
        status.position === status.head ? `position ${status.position}, all read` : `position ${status.position} of ${status.head ?? '0'}`,
      ],
      ...checks.map(({ name, status: level, says }) => [name, { text: `${level}: ${says}`, tone: toneOf(level) }] as const),
    ])
    const commands = whereToLook(status)
    if (commands.length === 0) return
    page.blank()
    page.heading('Where to look')
    for (const command of commands) page.item('    ', { text: command, tone: 'accent' })
  })
  return status.status === 'unhealthy' ? exitCode.failure : exitCode.ok
}

/** Those there are. */
function listOf(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, number]) => number > 0)
  return some.length === 0 ? '' : ` (${some.map(([name, number]) => `${number} ${name}`).join(', ')})`
}

/** For each thing that asks for a person, the command that shows it. */
const whereToLook = ({ hosts, targets, incidents, approvals, healing, checks }: Status): readonly string[] => [
  ...(approvals.pending > 0 ? ['steward approval list --state pending'] : []),
  ...(incidents.open > 0 ? ['steward incident list --open'] : []),
  ...(hosts.lost > 0 ? ['steward host list'] : []),
  ...(targets.frozen + targets.unseen > 0 ? ['steward target list'] : []),
  ...(healing.stopped ? ['steward healing status'] : []),
  ...(checks.some(({ status }) => status !== 'healthy') ? ['steward doctor'] : []),
]
