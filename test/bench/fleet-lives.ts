/**
 * `npm run bench:lives`: what a whole Steward costs while a hundred servers do nothing, whether it grows over a thousand restarts of them, and how
 * soon a crash is in the log and the server up again. `SERVERS` and `RESTARTS` for other numbers.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { createApi, ok } from '../e2e/support/api.ts'
import { addServer, running, show } from '../e2e/support/managed-servers.ts'
import { startSteward } from '../e2e/support/steward-process.ts'
import { figure, machineLine, median, quantile } from './support/report.ts'

const SERVERS = Number(process.env['SERVERS'] ?? 100)
const RESTARTS = Number(process.env['RESTARTS'] ?? 1_000)
const CRASHES = 20
const MOST_MIB = 300
const KEY = 'a-key-of-the-bench-of-managed-servers-0123456789'

const dir = await mkdtemp(join(tmpdir(), 'fleet-lives-'))
const steward = await startSteward({ STEWARD_LISTEN: '127.0.0.1:0', STEWARD_DATA_DIR: join(dir, 'data'), STEWARD_ADMIN_KEY: KEY }, dir)
const api = createApi(() => steward.url, KEY)
try {
  console.log(machineLine())
  const ids: string[] = []
  for (let number = 1; number <= SERVERS; number++) ids.push(await addServer(api, `server-${number}`, 'polite'))
  for (const id of ids) await running(api, id)
  await delay(5_000)
  const idle = residentMiB()
  console.log(`${idle <= MOST_MIB ? 'reached' : 'MISSED'}: ${figure(idle)} MiB with ${SERVERS} idle servers (at most ${MOST_MIB})`)

  const rounds = Math.ceil(RESTARTS / SERVERS)
  const after: number[] = []
  for (let round = 0; round < rounds; round++) {
    const runs = await Promise.all(ids.map(async (id) => (await show(api, id)).run?.runId))
    await ok(api.post('/api/v1/servers/bulk/restart', { ids, reason: 'to see whether Steward grows' }), z.unknown())
    for (const [index, id] of ids.entries()) await running(api, id, { not: runs[index] })
    after.push(residentMiB())
  }
  // The first rounds fill what is kept for good: code that became warm, pools, memory of streams.
  const half = Math.floor(after.length / 2)
  const [early, late] = [median(after.slice(0, half)), median(after.slice(half))]
  console.log(
    `${figure(early)} MiB in the first half of ${rounds * SERVERS} restarts, ${figure(late)} MiB in the second (${figure(late - early)} more)`,
  )

  const upAgain: number[] = []
  for (const id of ids.slice(0, CRASHES)) {
    const { pid, runId } = await running(api, id)
    const killed = performance.now()
    process.kill(pid, 'SIGKILL')
    await running(api, id, { not: runId })
    upAgain.push(performance.now() - killed)
  }
  console.log(
    `killed and running again: median ${figure(median(upAgain))} ms, P95 ${figure(quantile(upAgain, 0.95))} ms, asked every 20 ms`,
  )
} finally {
  await steward.terminate()
  await rm(dir, { recursive: true, force: true })
}

/** Of the process alone: its database and its servers have their own. */
function residentMiB(): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${steward.pid}/status`, 'latin1'))?.[1]
  return Number(kib) / 1_024
}
