/**
 * `npm run bench:fleet`: what a call costs through the gateway. Closed loop against a bare pass-through that does nothing else, in turns, in both
 * eras; and the time that is added at a fixed rate, against the same server spoken to without anything in between.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { figure, machineLine, median, quantile, table } from './support/report.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
const CLOSED_MS = Number(process.env['CLOSED_MS'] ?? 3_000)
const OPEN_MS = 10_000
const CALLERS = [16, 64] as const
const PER_SECOND = 1_000
const eras = ['session', 'stateless'] as const
type Era = (typeof eras)[number]

const at = (name: string) => new URL(`./fleet/${name}`, import.meta.url)
const ECHO = at('echo-server.mjs').pathname

await using stack = new AsyncDisposableStack()
console.log(machineLine())
console.log(
  `settings: ${ROUNDS} rounds of ${CLOSED_MS} ms each, in turns; the callers, what is measured and the echo server are processes of their own\n`,
)

const load = start(at('load.mjs'))
const bare = await serve('bare', 'session')
const rows: string[][] = []
for (const era of eras) {
  const gateway = await serve('gateway', era)
  const job = await jobFor(gateway, era)
  const bareJob = { ...job, url: bare.url }
  for (const callers of CALLERS) {
    const ours: Round[] = []
    const theirs: Round[] = []
    await run({ ...job, callers, ms: 1_000 })
    await run({ ...bareJob, callers, ms: 1_000 })
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await measured(bare, { ...bareJob, callers, ms: CLOSED_MS }))
      ours.push(await measured(gateway, { ...job, callers, ms: CLOSED_MS }))
    }
    const rate = [theirs, ours].map((rounds) => median(rounds.map(({ callsPerSecond }) => callsPerSecond)))
    const cpu = [theirs, ours].map((rounds) => median(rounds.map(({ cpuMicros }) => cpuMicros)))
    const [[bareRate = 0, rateHere = 0], [bareCpu = 0, cpuHere = 0]] = [rate, cpu]
    rows.push([
      era,
      String(callers),
      figure(bareRate),
      figure(rateHere),
      (rateHere / bareRate).toFixed(2),
      figure(bareCpu),
      figure(cpuHere),
    ])
  }
}
console.log(table(['era', 'callers', 'bare calls/s', 'gateway calls/s', 'ratio', 'bare CPU us', 'gateway CPU us'], rows))

const added: string[][] = []
for (const era of eras) {
  const gateway = await serve('gateway', era)
  const job = await jobFor(gateway, era)
  const direct = start(at('direct.mjs'))
  await run({ ...job, perSecond: PER_SECOND, ms: 2_000 })
  const before = await ask<Timed>(direct, { args: [ECHO, era], perSecond: PER_SECOND, ms: OPEN_MS, body: job.body })
  const through = await run<Timed>({ ...job, perSecond: PER_SECOND, ms: OPEN_MS })
  const { records } = await ask<{ records: number }>(gateway.process, {})
  const [a, b] = [before.times, through.times].map((times) => times.toSorted((x, y) => x - y))
  const p95 = [quantile(a ?? [], 0.95), quantile(b ?? [], 0.95)] as const
  const p50 = [quantile(a ?? [], 0.5), quantile(b ?? [], 0.5)] as const
  const ms = (value: number) => value.toFixed(2)
  added.push([era, ms(p50[0]), ms(p50[1]), ms(p95[0]), ms(p95[1]), ms(p95[1] - p95[0]), String(records)])
}
console.log(`\nat ${PER_SECOND} calls/s, open loop, milliseconds`)
console.log(table(['era', 'P50 direct', 'P50 through', 'P95 direct', 'P95 through', 'P95 added', 'usage records'], added))

type Round = Readonly<{ callsPerSecond: number; cpuMicros: number }>
type Timed = Readonly<{ times: number[]; failed: number; example?: string }>
type Served = Readonly<{ url: string; key: string; process: ChildProcess }>
type Job = Readonly<{ url: string; headers: Readonly<Record<string, string>>; body: string }>

function start(url: URL, args: readonly string[] = []): ChildProcess {
  const child = fork(url, args)
  stack.defer(async () => {
    const exited = once(child, 'exit')
    if (child.connected) child.disconnect()
    await exited
  })
  return child
}

async function serve(mode: 'bare' | 'gateway', era: Era): Promise<Served> {
  const child = start(at('gateway-process.ts'), [mode, era])
  const [{ url, key }] = (await once(child, 'message')) as [{ url: string; key: string }]
  return { url, key, process: child }
}

async function ask<Answer>(child: ChildProcess, job: object): Promise<Answer> {
  const answer = once(child, 'message')
  child.send(job)
  const [first] = (await answer) as [Answer]
  return first
}

async function run<Answer extends { failed: number; example?: string } = { callsPerSecond: number; failed: number; example?: string }>(
  job: object,
): Promise<Answer> {
  const answer = await ask<Answer>(load, job)
  if (answer.failed > 0) throw new Error(`${answer.failed} calls failed: ${answer.example}`)
  return answer
}

/** CPU time of the measured process for each call: that figure hardly depends on what else the machine does. */
async function measured({ process: child }: Served, job: object): Promise<Round> {
  const before = await ask<{ cpuMicros: number }>(child, {})
  const { callsPerSecond, calls } = await run<{ callsPerSecond: number; calls: number; failed: number }>(job)
  const after = await ask<{ cpuMicros: number }>(child, {})
  return { callsPerSecond, cpuMicros: (after.cpuMicros - before.cpuMicros) / calls }
}

async function jobFor({ url, key }: Served, era: Era): Promise<Job> {
  const common = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const params = { name: 'echo', arguments: { text: 'a text of a usual length, as a tool is given it' } }
  if (era === 'stateless') {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const headers = { ...common, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' }
    return { url, headers, body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { ...params, _meta } }) }
  }
  const opening = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const response = await fetch(url, {
    method: 'POST',
    headers: common,
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: opening }),
  })
  const session = response.headers.get('mcp-session-id') ?? ''
  await response.text()
  const headers = { ...common, 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session }
  return { url, headers, body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params }) }
}
