/** How soon a killed server is seen as crashed, and how soon the next call in the same session of a client is answered by the run that follows. */
import { setTimeout as delay } from 'node:timers/promises'
import { addProgram, running } from '../../e2e/support/managed-servers.ts'
import { figure, median, quantile, table } from '../support/report.ts'
import { openFeed } from './feed.ts'
import { jobFor } from './jobs.ts'
import { ECHO } from './processes.ts'
import { openSteward } from './steward.ts'

const KILLS = 30
const MOST_SEEN_MS = 100
const MOST_ANSWERED_MS = 1_000
/** After that a run counts as stable, and the next crash is a first one again: no waiting before the restart. */
const SETTINGS = { restartBudget: 100 }

export async function benchCrashes(): Promise<void> {
  await using steward = await openSteward()
  using feed = await openFeed(steward)
  console.log(
    `crashes: each of ${KILLS} servers is killed once (SIGKILL) while a client has a session with it; a call is tried until it is answered`,
  )
  const recorded: number[] = []
  const told: number[] = []
  const answered: number[] = []
  for (let number = 1; number <= KILLS; number++) {
    const name = `echo-${number}`
    const id = await addProgram(steward.api, name, [ECHO, 'session'], SETTINGS)
    const { pid } = await running(steward.api, id)
    const job = await jobFor({ url: `${steward.url}/mcp/${name}`, key: steward.key }, 'session')
    await call(job)
    const crash = feed.next(({ serverId, state }) => serverId === id && state === 'error')
    const killedMs = Date.now()
    const killed = performance.now()
    process.kill(pid, 'SIGKILL')
    while (!(await call(job))) await delay(5)
    answered.push(performance.now() - killed)
    const seen = await crash
    recorded.push(seen.atMs - killedMs)
    told.push(seen.toldMs - killedMs)
    await steward.api.post(`/api/v1/servers/${id}/disable`, { reason: 'its turn is over' })
  }
  const row = (what: string, times: readonly number[]) => [
    what,
    figure(median(times)),
    figure(quantile(times, 0.95)),
    figure(Math.max(...times)),
  ]
  const rows = [
    row('crash seen by the supervisor', recorded),
    row('crash told on /ws', told),
    row('next call in the session answered', answered),
  ]
  console.log(table(['milliseconds after the kill', 'median', 'P95', 'longest'], rows))
  const seenMs = quantile(recorded, 0.95)
  const answeredMs = quantile(answered, 0.95)
  console.log(`${seenMs < MOST_SEEN_MS ? 'reached' : 'MISSED'}: crash seen P95 ${figure(seenMs)} ms (below ${MOST_SEEN_MS})`)
  console.log(
    `${answeredMs < MOST_ANSWERED_MS ? 'reached' : 'MISSED'}: next call answered P95 ${figure(answeredMs)} ms (below ${MOST_ANSWERED_MS})\n`,
  )
}

/** Whether it was answered with a result. */
async function call({ url, headers, body }: Awaited<ReturnType<typeof jobFor>>): Promise<boolean> {
  const response = await fetch(url, { method: 'POST', headers, body })
  return (await response.text()).includes('"result"') && response.ok
}
