/**
 * `npm run bench:ssh`: how long a program on a host takes, and how long a line travels from the log file to us. The first table is why the socket
 * has noDelay: the same client, the same server, only Nagle's rule differs. Needs Debian's sshd; without it the practice host stands in.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import ssh2 from 'ssh2'
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts'
import { startPracticeHost } from '../../src/adapters/ssh/practice-host.ts'
import { createRemoteHosts } from '../../src/adapters/ssh/remote-hosts.ts'
import { defaultTuning } from '../../src/adapters/ssh/tuning.ts'
import type { HostAddress, RemoteHost } from '../../src/domain/ports/remote-host.ts'
import { plainSecrets, type SshServer } from '../contract/support/host-under-test.ts'
import { startSshd } from '../support/sshd.ts'
import { figure, machineLine, median, quantile, table } from './support/report.ts'

const RUNS = 100
const ROUNDS = 3
const LINES = 100
/** A line is written at any moment between two looks, never in step with them. */
const LINE_PAUSE_MS = { from: 40, to: 260 }

async function main(): Promise<void> {
  console.log(machineLine())
  const dir = mkdtempSync(join(tmpdir(), 'bench-ssh-'))
  const server = await startServer(dir)
  console.log(
    `settings: ${ROUNDS} rounds of ${RUNS} programs one after the other, alternating; ${LINES} lines, a look every ${defaultTuning.followPollMs} ms\n`,
  )
  const hosts = createRemoteHosts({ secrets: plainSecrets, clock: createSystemClock() })
  try {
    const host = hosts.open(addressOf(server))
    await programs(server, host)
    await lines(host, join(dir, 'app.log'))
  } finally {
    await hosts.close()
    await server.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function programs(server: SshServer, host: RemoteHost): Promise<void> {
  const withDelay = await plainClient(server, false)
  const without = await plainClient(server, true)
  const samples = { delay: [] as number[], noDelay: [] as number[], steward: [] as number[] }
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.delay.push(...(await timed(RUNS, withDelay.roundTrip)))
    samples.noDelay.push(...(await timed(RUNS, without.roundTrip)))
    samples.steward.push(
      ...(await timed(RUNS, async () => void (await host.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 10_000 })))),
    )
  }
  withDelay.close()
  without.close()
  const row = (name: string, values: readonly number[]): string[] => [name, figure(median(values)), figure(quantile(values, 0.95))]
  console.log(
    table(
      ['one program', 'median ms', 'P95 ms'],
      [
        row('ssh2, Nagle (noDelay: false)', samples.delay),
        row('ssh2, noDelay: true', samples.noDelay),
        row('RemoteHost.execute (quoting, time-out, verdict)', samples.steward),
      ],
    ),
  )
  console.log(`ratio: noDelay is ${figure(median(samples.delay) / median(samples.noDelay))} times faster\n`)
}

/** The bare client, as one would write it: run `cat`, send it a few small pieces, wait for the end. */
async function plainClient(server: SshServer, noDelay: boolean): Promise<{ roundTrip: () => Promise<void>; close: () => void }> {
  const client = new ssh2.Client()
  const ready = new Promise<void>((resolve, reject) => client.once('ready', resolve).once('error', reject))
  client.connect({
    sock: connect({ host: server.address, port: server.port, noDelay }),
    username: server.username,
    privateKey: readFileSync(server.privateKeyPath),
    hostVerifier: (key: Buffer) => key.toString('base64') === server.hostKey.key.split(' ')[1],
  })
  await ready
  const roundTrip = (): Promise<void> =>
    new Promise((resolve, reject) => {
      client.exec('cat', (error, channel) => {
        if (error) return reject(error)
        channel.once('close', () => resolve()).resume()
        channel.stderr.resume()
        channel.write('one\n')
        channel.write('two\n')
        channel.end('three\n')
      })
    })
  return { roundTrip, close: () => client.end() }
}

async function lines(host: RemoteHost, log: string): Promise<void> {
  writeFileSync(log, 'before\n')
  const stop = new AbortController()
  const arrivedAtMs = new Map<string, number>()
  const begun = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const report of host.follow(log, { signal: stop.signal })) {
      if (report.kind !== 'lines') continue
      for (const { text } of report.lines) arrivedAtMs.set(text, performance.now())
      begun.resolve()
    }
  })()
  await begun.promise
  const writtenAtMs = new Map<string, number>()
  for (let n = 0; n < LINES; n += 1) {
    await sleep(LINE_PAUSE_MS.from + Math.random() * (LINE_PAUSE_MS.to - LINE_PAUSE_MS.from))
    writtenAtMs.set(`line ${n}`, performance.now())
    appendFileSync(log, `line ${n}\n`)
  }
  while (arrivedAtMs.size < LINES) await sleep(20)
  stop.abort()
  await reading
  const latenciesMs = [...writtenAtMs].map(([text, at]) => (arrivedAtMs.get(text) ?? Number.NaN) - at)
  console.log(
    table(
      ['one line', 'median ms', 'P95 ms', 'most ms'],
      [['written -> reported', figure(median(latenciesMs)), figure(quantile(latenciesMs, 0.95)), figure(Math.max(...latenciesMs))]],
    ),
  )
}

async function timed(runs: number, work: () => Promise<void>): Promise<number[]> {
  const samples: number[] = []
  for (let n = 0; n < runs; n += 1) {
    const began = performance.now()
    await work()
    samples.push(performance.now() - began)
  }
  return samples
}

async function startServer(dir: string): Promise<SshServer> {
  try {
    const server = await startSshd({ dir })
    console.log('server: sshd of this system')
    return server
  } catch (error) {
    console.log(`server: practice host (${error instanceof Error ? error.message.split('\n')[0] : error})`)
    return startPracticeHost({ dir })
  }
}

const addressOf = (server: SshServer): HostAddress => ({ ...server, hostId: 'bench', privateKey: `file:${server.privateKeyPath}` })

await main()
