/** `steward usage`: how servers and their tools are used, what fails, and what of it may be missing. */
import { type Command, Option } from 'commander'
import type { Period } from '../../domain/usage/windows.ts'
import type { Analytics, ServerAnalytics } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
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
    ['good', percent(successRate)],
    ['not sent', `${figures.refused} refused, ${figures.bypassed} bypassed`],
    ['time', `average ${ms(figures.averageMs)}, P50 ${ms(figures.p50Ms)}, P95 ${ms(figures.p95Ms)}, P99 ${ms(figures.p99Ms)}`],
    ['calendar', `today ${today.calls}, this week ${week.calls}, this month ${month.calls} (UTC)`],
  ])
}

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
      { text: percent(tool.successRate), tone: tool.successRate < 0.9 ? 'bad' : 'plain' },
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
