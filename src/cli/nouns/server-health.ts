/** `steward server health`: how a server is, what was asked of it within the last hour, and what it takes of the machine. */
import type { Command } from 'commander'
import type { ServerHealth } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { duration, moment } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { factsOfHealth, stateTone } from '../views/server.ts'
import { count, sizeText } from '../views/value.ts'
import { serverPath } from './server-command.ts'

export function defineServerHealth(server: Command, { run }: Define): void {
  server
    .command('health <server>')
    .summary('how a server is, and what it takes')
    .description(
      'Tells three facts of the last probe, the calls of the last hour, clients, memory and processor time. Exit code 1 when it is not healthy.',
    )
    .addHelpText('after', '\nExamples:\n  steward server health files\n  steward server health files --json | jq .metrics')
    .action(run(showHealth))
}

async function showHealth(session: Session, given: string): Promise<ExitCode> {
  const { out } = session
  const client = await session.api()
  const health = await client.get<ServerHealth>(await serverPath(client, given, '/health'))
  out.show(health, (page) => {
    const { metrics } = health
    page.heading(health.name)
    page.fields([
      ['state', { text: health.state, tone: stateTone(health.state) }],
      [
        'health',
        {
          text: health.since === null ? health.health : `${health.health}, since ${moment(health.since, out.nowMs)}`,
          tone: toneOf(health.health),
        },
      ],
      ['facts', factsOfHealth(health.facts)],
      ['answers', health.facts?.responseMs === undefined ? null : `in ${health.facts.responseMs} ms`],
      ['error', health.error === null ? null : { text: health.error, tone: 'bad' }],
      ['version', health.version],
      ['up', health.uptimeSeconds > 0 ? duration(health.uptimeSeconds * 1_000) : 'it does not run'],
      ['tools', String(health.tools)],
      ['calls', `${count(metrics.calls, 'call')}, ${count(metrics.errors, 'error')} in the last hour`],
      ['clients', metrics.clients === null ? null : String(metrics.clients)],
      ['breaker', metrics.breaker === null ? null : { text: metrics.breaker, tone: metrics.breaker === 'closed' ? 'plain' : 'bad' }],
      ['memory', metrics.memoryBytes === null ? null : sizeText(metrics.memoryBytes)],
      ['processor', processorText(metrics)],
    ])
  })
  return health.status === 'ok' ? exitCode.ok : exitCode.failure
}

/** The share needs two looks; a second one within two minutes has it. */
function processorText({ cpuSeconds, cpuPercent }: ServerHealth['metrics']): string | null {
  if (cpuSeconds === null) return null
  const share = cpuPercent === null ? '' : `${cpuPercent < 10 ? cpuPercent.toFixed(1) : Math.round(cpuPercent)} % of one, `
  return `${share}${cpuSeconds.toFixed(1)} s in all`
}
