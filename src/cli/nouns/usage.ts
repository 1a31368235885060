/** `steward usage`: how servers and their tools are used, what fails, and what of it may be missing. */
import { type Command, Option } from 'commander'
import type { Period } from '../../domain/usage/windows.ts'
import type { Analytics, ServerAnalytics } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Cell } from '../screen/table.ts'
import type { Session } from '../session.ts'
import { serverPath } from './server-command.ts'

const periods = ['1h', '24h', '7d', '30d', '90d'] as const satisfies readonly Period[]

type Figures = Analytics | ServerAnalytics
type ToolFigures = Analytics['topTools'][number]

export function defineUsage(program: Command, { run }: Define): void {
  program
    .command('usage [server]')
    .summary('how servers and their tools are used')
    .description('Calls, errors, times and uptime: of all servers together, or of one.')
    .addOption(new Option('--period <period>', 'of how long; it ends now').choices(periods).default('24h'))
    .action(run(showUsage))
}

async function showUsage(session: Session, given: string | undefined, { period }: Readonly<{ period: string }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  if (given === undefined) {
    const all = await client.get<Analytics>('/api/v1/analytics', { period })
    out.show(all, (page) => {
      page.heading(`All servers, the last ${period}`)
      drawFigures(page, all)
      page.heading('Servers')
      drawServers(page, all.byServer, out.nowMs)
      page.heading('The ten tools that were called most')
      drawTools(page, all.topTools, out.nowMs)
      if (all.failingTools.length > 0) {
        page.heading('Tools that fail: more than five calls, less than 90 % of them good')
        drawTools(page, all.failingTools, out.nowMs)
      }
      drawRecording(page, all)
    })
    return
  }
  const one = await client.get<ServerAnalytics>(await serverPath(client, given, '/metrics'), { period })
  out.show(one, (page) => {
    page.heading(`${one.name}, the last ${period}`)
    page.fields([
      ['uptime', one.uptime === null ? 'not yet' : percent(one.uptime)],
      ['failures', { text: String(one.failures), tone: one.failures > 0 ? 'warn' : 'plain' }],
    ])
    drawFigures(page, one)
    page.heading('Its tools')
    drawTools(page, one.byTool, out.nowMs)
    drawRecording(page, one)
  })
}

function drawFigures(page: Page, figures: Figures): void {
  const { calls, errors, successRate, today, week, month } = figures
  page.fields([
    ['calls', String(calls)],
    ['errors', { text: String(errors), tone: errors > 0 ? 'warn' : 'plain' }],
    ['good', calls === 0 ? '-' : percent(successRate)],
    ['not sent', `${figures.refused} refused, ${figures.bypassed} bypassed`],
    ['time', `average ${ms(figures.averageMs)}, P50 ${ms(figures.p50Ms)}, P95 ${ms(figures.p95Ms)}, P99 ${ms(figures.p99Ms)}`],
    ['calendar', `today ${today.calls}, this week ${week.calls}, this month ${month.calls} (UTC)`],
  ])
}

function drawServers(page: Page, servers: Analytics['byServer'], nowMs: number): void {
  page.table(
    [
      { head: 'SERVER', kind: 'text' },
      { head: 'CALLS', align: 'right' },
      { head: 'GOOD', align: 'right' },
      { head: 'NOT SENT', align: 'right' },
      { head: 'AVERAGE', align: 'right' },
      { head: 'P95', align: 'right' },
      { head: 'UPTIME', align: 'right' },
      { head: 'LAST' },
    ],
    servers.map((server) => [
      server.name,
      String(server.calls),
      goodOf(server),
      String(server.refused + server.bypassed),
      ms(server.averageMs),
      ms(server.p95Ms),
      server.uptime === null ? '-' : percent(server.uptime),
      server.lastCallAt === null ? 'never' : ago(server.lastCallAt, nowMs),
    ]),
    'There is no server.',
  )
}

/** By definition the rate without calls is 1; on a screen that would look like praise. */
const goodOf = ({ calls, successRate }: Pick<Figures, 'calls' | 'successRate'>): Cell =>
  calls === 0 ? '-' : { text: percent(successRate), tone: successRate < 0.9 ? 'bad' : 'plain' }

function drawTools(page: Page, tools: readonly ToolFigures[], nowMs: number): void {
  page.table(
    [
      { head: 'TOOL', kind: 'text' },
      { head: 'CALLS', align: 'right' },
      { head: 'GOOD', align: 'right' },
      { head: 'AVERAGE', align: 'right' },
      { head: 'P95', align: 'right' },
      { head: 'LAST' },
    ],
    tools.map((tool) => [
      `${tool.server ?? tool.serverId}.${tool.tool}`,
      String(tool.calls),
      goodOf(tool),
      ms(tool.averageMs),
      ms(tool.p95Ms),
      tool.lastCallAt === null ? 'never' : ago(tool.lastCallAt, nowMs),
    ]),
    'No tool was called.',
  )
}

/** A figure that may be too low says so, and by how much. */
function drawRecording(page: Page, { recording: { flushMs, lostCalls } }: Figures): void {
  page.blank()
  page.text(`Calls that ended within the last ${flushMs / 1_000} s may not be counted yet; a crash of Steward loses no older ones.`, 'dim')
  if (lostCalls > 0) page.text(`${lostCalls} calls of this period are lost: the log was away for too long.`, 'bad')
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const ms = (value: number | null): string => (value === null ? '-' : value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`)
