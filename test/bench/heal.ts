/**
 * `npm run bench:heal`: from a fault to the proof that it is gone. Real nginx behind a real sshd; a directory is closed, a client is refused, and the
 * earlier mode is given back. Without the wait for the approval and without the stabilisation window. Needs nginx and openssh-server.
 */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { Incident } from '../e2e/support/api.ts'
import { openWorld, type World } from '../e2e/support/world.ts'
import { type NginxDaemon, startNginx } from '../support/daemons/nginx.ts'
import { figure, machineLine, median, quantile, table } from './support/report.ts'

/** Each heals once: what comes back is quiet for minutes first. */
const TARGETS = 20
const WINDOW_MS = 1_000
type Watched = Readonly<{ nginx: NginxDaemon; targetId: string }>

const FAULT = 'nginx.permission-denied'
const GOAL_MS = 5_000

console.log(machineLine())
console.log(`settings: ${TARGETS} targets on one host, a fault of each, one after the other; stabilisation window ${WINDOW_MS} ms\n`)

await using stack = new AsyncDisposableStack()
const world = stack.use(await openWorld({ policy: `window: ${WINDOW_MS}ms\nactionsPerHostPerHour: 1000\n` }))
const watched: Watched[] = []
for (let index = 0; index < TARGETS; index++) watched.push(await watch(world, `web-${index}`))

const fromFault: number[] = []
const fromDetection: number[] = []
for (const { nginx, targetId } of watched) {
  const { began, incident } = await heal(nginx, targetId)
  const apart = WINDOW_MS + between(incident, 'ApprovalRequested', 'ApprovalGranted')
  fromFault.push(at(incident, 'IncidentResolved') - began - apart)
  fromDetection.push(between(incident, 'IncidentOpened', 'IncidentResolved') - apart)
}
console.log(
  table(
    ['fixed and verified, after', 'median ms', 'P95 ms'],
    [
      ['the request that was refused', figure(median(fromFault)), figure(quantile(fromFault, 0.95))],
      ['the incident was opened', figure(median(fromDetection)), figure(quantile(fromDetection, 0.95))],
    ],
  ),
)
const worst = quantile(fromFault, 0.95)
console.log(`\n${worst <= GOAL_MS ? 'reached' : 'MISSED'}: from fault to verified, P95 ${figure(worst)} ms (at most ${GOAL_MS})`)

async function watch(by: World, name: string): Promise<Watched> {
  const nginx = await startNginx()
  stack.defer(() => nginx.stop())
  const { id } = await by.register({
    name,
    service: 'nginx',
    logPaths: [nginx.logPath],
    configPaths: [nginx.configPath],
    connection: { kind: 'nginx', pidFile: nginx.pidFile, url: nginx.url, roots: [nginx.root] },
  })
  return { nginx, targetId: id }
}

/** Closes the directory, is refused, and lets the second person approve at once. */
async function heal(nginx: NginxDaemon, targetId: string): Promise<Readonly<{ began: number; incident: Incident }>> {
  chmodSync(join(nginx.root, 'docs'), 0o600)
  const began = Date.now()
  const refused = await fetch(new URL('/docs/page.html', nginx.url))
  await refused.body?.cancel()
  const { id } = await world.opened(targetId, FAULT)
  await world.approve(await world.reaches(id, 'awaiting-approval'))
  const incident = await world.reaches(id, 'resolved', 'escalated')
  if (incident.outcome !== 'fixed') throw new Error(`not fixed: ${JSON.stringify(incident.timeline)}`)
  return { began, incident }
}

function at({ id, timeline }: Incident, type: string): number {
  const entry = timeline.findLast((each) => each.type === type)
  if (!entry) throw new Error(`incident ${id} has no ${type}`)
  return Date.parse(entry.at)
}

function between(incident: Incident, from: string, to: string): number {
  return at(incident, to) - at(incident, from)
}
