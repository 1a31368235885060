/**
 * Other gateways of npm beside Steward, each in front of the same server and called in the same way, in turns. What each of them does for a call differs
 * (none of them keeps records, none was given a key to check), so only Steward is held to more. They are fetched by npm, in exact versions.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { addProgram, running } from '../../e2e/support/managed-servers.ts'
import { figure, median, table } from '../support/report.ts'
import { type Job, jobFor } from './jobs.ts'
import { ask, ECHO, startHelper } from './processes.ts'
import { openSteward } from './steward.ts'

const ROUNDS = 3
const MS = 3_000
const CALLERS = [16, 64] as const
const COMMAND = [process.execPath, ECHO, 'session']

type Peer = Readonly<{ name: string; args: (port: number, dir: string) => Promise<readonly string[]>; job: (url: string) => Promise<Job> }>

const peers: readonly Peer[] = [
  {
    name: 'supergateway@4.0.0',
    args: async (port) => [
      '--stdio',
      COMMAND.join(' '),
      '--outputTransport',
      'streamableHttp',
      '--stateful',
      '--port',
      `${port}`,
      '--logLevel',
      'none',
    ],
    job: (url) => jobFor({ url: `${url}/mcp` }, 'session'),
  },
  {
    name: 'mcp-proxy@6.7.19',
    args: async (port) => ['--port', `${port}`, '--host', '127.0.0.1', '--server', 'stream', '--', ...COMMAND],
    job: (url) => jobFor({ url: `${url}/mcp` }, 'session'),
  },
  {
    name: 'mcp-hub@4.2.1',
    async args(port, dir) {
      const config = join(dir, 'hub.json')
      const [command, ...args] = COMMAND
      await writeFile(config, JSON.stringify({ mcpServers: { echo: { command, args } } }))
      return ['--port', `${port}`, '--config', config]
    },
    // Its MCP endpoint is of the older kind with two connections; its own API takes a call as one request, which is the quicker way.
    job: async (url) => ({
      url: `${url}/api/servers/tools`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ server_name: 'echo', tool: 'echo', arguments: { text: 'a text of a usual length, as a tool is given it' } }),
      answers: '"content"',
    }),
  },
]

export async function benchPeers(): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'bench-peers-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const load = startHelper(stack, 'load.mjs')
  const steward = stack.use(await openSteward())
  await running(steward.api, await addProgram(steward.api, 'echo', [ECHO, 'session']))
  const contenders = [{ name: 'Steward', job: await jobFor({ url: `${steward.url}/mcp/echo`, key: steward.key }, 'session') }]
  for (const peer of peers) contenders.push({ name: peer.name, job: await startPeer(peer, dir, stack) })

  console.log(`peers: closed loop, ${ROUNDS} rounds of ${MS} ms each, in turns, session era; calls/s`)
  const rates = new Map<string, number[][]>(contenders.map(({ name }) => [name, CALLERS.map(() => [])]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const { name, job } of contenders) {
      for (const [index, callers] of CALLERS.entries()) {
        const { callsPerSecond, failed } = await ask<{ callsPerSecond: number; failed: number }>(load, { ...job, callers, ms: MS })
        if (round >= 0 && failed === 0) rates.get(name)?.[index]?.push(callsPerSecond)
      }
    }
  }
  const rows = [...rates].map(([name, each]) => ({ name, medians: each.map((rounds) => (rounds.length === 0 ? 0 : median(rounds))) }))
  console.log(
    table(
      ['gateway', ...CALLERS.map((callers) => `${callers} callers`)],
      rows.map(({ name, medians }) => [name, ...medians.map((rate) => (rate === 0 ? 'calls failed' : figure(rate)))]),
    ),
  )
  const [ours, ...others] = rows
  for (const [index, callers] of CALLERS.entries()) {
    const best = Math.max(...others.map(({ medians }) => medians[index] ?? 0))
    const ratio = (ours?.medians[index] ?? 0) / best
    console.log(`${ratio > 1 ? 'reached' : 'MISSED'}: ${figure(ratio)} times the best of them with ${callers} callers (above 1)`)
  }
  console.log()
}

async function startPeer({ name, args, job }: Peer, dir: string, stack: AsyncDisposableStack): Promise<Job> {
  const port = await freePort()
  const child = spawn('npx', ['-y', name, ...(await args(port, dir))], { cwd: dir, stdio: 'ignore', detached: true })
  stack.defer(() => endGroup(child))
  const url = `http://127.0.0.1:${port}`
  const until = performance.now() + 120_000
  while (performance.now() < until && child.exitCode === null) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    ) {
      // It listens before its server is there.
      await delay(2_000)
      return await job(url)
    }
    await delay(200)
  }
  throw new Error(`${name} did not begin to listen`)
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const gone = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}
