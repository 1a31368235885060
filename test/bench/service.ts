/**
 * `npm run bench:service`: what the whole service costs and how fast it sees. Fifty targets on practice hosts, the service as a process of its own:
 * resident memory at rest, and the time from a line in a log to the anomaly on the live feed. Needs redis-server.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPracticeHost } from '../../src/adapters/ssh/practice-host.ts'
import { startRedis } from '../support/daemons/redis.ts'
import { figure, machineLine, median, quantile, table } from './support/report.ts'

const HOSTS = 5
const TARGETS_PER_HOST = 10
const REST_MS = 30_000
const SAMPLES = 10
const PORT = 18_097
const MIB = 1_048_576

const dir = mkdtempSync(join(tmpdir(), 'bench-service-'))
const key = randomBytes(32).toString('hex')
const url = `http://127.0.0.1:${PORT}`
await using stack = new AsyncDisposableStack()
stack.defer(() => rmSync(dir, { recursive: true, force: true }))

console.log(machineLine())
console.log(
  `settings: ${HOSTS} hosts with ${TARGETS_PER_HOST} targets each, memory after ${REST_MS / 1_000} s at rest, one line per target\n`,
)

const redis = await startRedis()
stack.defer(() => redis.stop())
mkdirSync(join(dir, 'secrets'), { mode: 0o700 })
const steward = spawn(process.execPath, ['src/cli/main.ts', 'up'], {
  env: { ...process.env, STEWARD_DATA_DIR: dir, STEWARD_LISTEN: `127.0.0.1:${PORT}`, STEWARD_ADMIN_KEY: key, STEWARD_LOG_LEVEL: 'error' },
  stdio: ['ignore', 'ignore', 'inherit'],
})
stack.defer(async () => {
  const exited = once(steward, 'exit')
  steward.kill('SIGTERM')
  await exited
})
while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) await sleep(100)

const logs: string[] = []
for (let h = 0; h < HOSTS; h++) {
  const host = await startPracticeHost({ dir: join(dir, `host-${h}`) })
  stack.defer(() => host.close())
  copyFileSync(host.privateKeyPath, join(dir, 'secrets', `key-${h}`))
  chmodSync(join(dir, 'secrets', `key-${h}`), 0o600)
  const { id: hostId } = await post('/api/v1/hosts', {
    name: `host-${h}`,
    address: host.address,
    port: host.port,
    username: host.username,
    privateKey: `file:key-${h}`,
    hostKey: host.hostKey.key,
  })
  for (let t = 0; t < TARGETS_PER_HOST; t++) {
    const log = join(dir, `log-${h}-${t}.log`)
    writeFileSync(log, '')
    logs.push(log)
    await post('/api/v1/targets', {
      name: `cache-${h}-${t}`,
      hostId,
      service: 'redis',
      logPaths: [log],
      connection: { kind: 'redis', at: { socket: redis.socket } },
      stateDir: join(dir, `state-${h}`),
      mode: 'observe',
    })
  }
}

await sleep(REST_MS)
const memory: number[] = []
for (let sample = 0; sample < SAMPLES; sample++) {
  memory.push(residentBytes(steward.pid ?? 0))
  await sleep(500)
}
const latencies = await lineToAnomaly()
console.log(
  table(
    ['measure', 'median', 'P95'],
    [
      ['resident memory, MiB', figure(median(memory) / MIB), figure(quantile(memory, 0.95) / MIB)],
      ['line written -> anomaly on the feed, ms', figure(median(latencies)), figure(quantile(latencies, 0.95))],
    ],
  ),
)
const [mib, ms] = [quantile(memory, 0.95) / MIB, quantile(latencies, 0.95)]
console.log(`\n${mib <= 250 ? 'reached' : 'MISSED'}: resident memory ${figure(mib)} MiB (at most 250)`)
console.log(`${ms <= 1_000 ? 'reached' : 'MISSED'}: line to anomaly, P95 ${figure(ms)} ms (at most 1000)`)

/** One line in each log, at moments that are in step with nothing. */
async function lineToAnomaly(): Promise<readonly number[]> {
  const ended = new AbortController()
  const feed = await fetch(`${url}/api/v1/events/stream?types=AnomalyDetected`, {
    headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' },
    signal: ended.signal,
  })
  const written = new Map<string, number>()
  const latencies: number[] = []
  const reading = (async () => {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of feed.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      for (const [log, at] of written) {
        if (!text.includes(log)) continue
        latencies.push(performance.now() - at)
        written.delete(log)
      }
      if (latencies.length === logs.length) return
    }
  })()
  for (const [index, log] of logs.entries()) {
    const pid = 4_000 + index
    const line = `${pid}:C 21 Nov 2026 10:00:00.000 # Failed opening the temp RDB file temp-${pid}.rdb (in server root dir /x) for saving: Permission denied\n`
    written.set(log, performance.now())
    appendFileSync(log, line)
    await sleep(40 + Math.random() * 220)
  }
  await Promise.race([reading, sleep(20_000)])
  ended.abort()
  await reading.catch(() => undefined)
  if (latencies.length < logs.length) throw new Error(`${logs.length - latencies.length} lines were never seen`)
  return latencies
}

async function post(path: string, body: object): Promise<{ id: string }> {
  for (;;) {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.status === 429) {
      await sleep(1_000)
      continue
    }
    const answer: unknown = await response.json()
    if (!response.ok || typeof answer !== 'object' || answer === null || !('id' in answer) || typeof answer.id !== 'string') {
      throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`)
    }
    return { id: answer.id }
  }
}

function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error(`no memory of process ${pid}`)
  return Number(kib) * 1_024
}
