import { expect, test } from 'vitest'
import { createCanaryStart } from '../../../src/commands/fleet/canary.ts'
import { createFleetDesk } from '../../../src/commands/fleet/desk.ts'
import type { ServerLogs } from '../../../src/domain/ports/server-logs.ts'
import { createSlots } from '../../../src/domain/slots.ts'
import { config } from '../../domain/server/given.ts'
import { createFleetBench, start } from './fleet-bench.ts'

const signal = new AbortController().signal

async function open() {
  const bench = createFleetBench()
  const { supervisor, stop } = bench.start()
  await bench.register()
  const asked: object[] = []
  const logs: ServerLogs = {
    pathOf: (name, runId) => `/tmp/${name}.${runId}.log`,
    async read(name, options) {
      asked.push({ name, ...options })
      return { lines: [{ runId: 'r-1', text: 'password=hunter2 is wrong' }], cursor: 'r-1:9' }
    },
  }
  const vitals = { breaker: 'closed', clients: 1, memoryBytes: null, cpuSeconds: null, cpuPercent: null } as const
  const identity = { info: { name: 'steward', version: '0' }, capabilities: {} }
  const canary = createCanaryStart({ ...bench, logs, slots: createSlots(1), identity })
  const desk = createFleetDesk({
    ...bench,
    ...{ supervisor, logs, canary },
    vitals: { of: async () => vitals, all: async () => new Map([['s-1', vitals]]) },
    gateway: {
      async callTool({ tool, ...call }) {
        asked.push({ tool, ...call })
        if (tool === 'slow') return { kind: 'error', rule: 'timed-out', says: 'no answer' }
        if (tool === 'broken') return { kind: 'error', rule: 'circuit-open', says: 'it is tried again in 3 s' }
        if (tool === 'refused') return { kind: 'error', rule: 'tool-disabled', says: 'refused is disabled' }
        return { kind: 'result', result: { content: [] } }
      },
    },
  })
  await bench.rest()
  return { ...bench, desk, asked, stop }
}

test('a refresh lists the tools of a running server, and what has changed is recorded', async () => {
  const { desk, ask, program, types, rest } = await open()
  await expect(desk.refreshServer('s-1', signal)).rejects.toMatchObject({ rule: 'server-not-running' })
  await ask(start)
  program().tools = [{ name: 'echo', description: 'another', inputSchema: { type: 'object' } }]
  await desk.refreshServer('s-1', signal)
  await rest()
  expect(await types('server-s-1')).toContain('ToolQuarantined')
  program().answers = false
  await expect(desk.refreshServer('s-1', signal)).rejects.toMatchObject({ rule: 'server-did-not-answer', facts: { broken: 'timed-out' } })
})

test('a call over plain HTTP goes to the server of this id by its name, and says by which rule it was refused', async () => {
  const { desk, asked } = await open()
  const call = { serverId: 's-1', arguments: { a: 1 }, principal: 'key-1', signal }
  expect(await desk.callTool({ ...call, tool: 'echo' })).toEqual({ content: [] })
  expect(asked).toMatchObject([{ tool: 'echo', arguments: { a: 1 }, principal: 'key-1', server: expect.any(String) }])
  await expect(desk.callTool({ ...call, tool: 'refused' })).rejects.toMatchObject({
    rule: 'tool-call-refused',
    facts: { broken: 'tool-disabled', says: 'refused is disabled' },
  })
  await expect(desk.callTool({ ...call, tool: 'slow' })).rejects.toMatchObject({ rule: 'tool-call-timed-out' })
  await expect(desk.callTool({ ...call, tool: 'broken' })).rejects.toMatchObject({ rule: 'circuit-open' })
  await expect(desk.callTool({ ...call, serverId: 's-2', tool: 'echo' })).rejects.toMatchObject({ rule: 'server-not-registered' })
})

test('a test starts a program of its own, leaves the one that runs, and ends what it started', async () => {
  const { desk, ask, programs, types } = await open()
  await ask(start)
  const before = await types('server-s-1')
  const tested = await desk.testServer(config, { approved: false, signal })
  expect(tested).toMatchObject({ works: true, tools: ['echo'], negotiated: { protocolVersion: '2025-11-25' }, failure: null })
  expect(programs.map(({ stopped }) => stopped)).toEqual([false, true])
  expect(await types('server-s-1')).toEqual(before)
})

test('a test that fails says why, and leaves nothing either', async () => {
  const { desk, next, programs } = await open()
  next('not-mcp', 'missing')
  expect(await desk.testServer(config, { approved: false, signal })).toMatchObject({
    works: false,
    failure: { reason: 'not-mcp', stderrTail: 'the end of its error stream' },
  })
  expect(programs.map(({ stopped }) => stopped)).toEqual([true])
  expect(await desk.testServer(config, { approved: false, signal })).toMatchObject({ failure: { reason: 'executable-missing' } })
})

test('a test that nobody waits for any more is ended', async () => {
  const { desk, next, programs, rest } = await open()
  next('silent')
  const gone = new AbortController()
  const testing = desk.testServer({ ...config, stopGraceMs: 120_000 }, { approved: false, signal: gone.signal })
  await rest()
  gone.abort(new Error('the caller left'))
  expect(await testing).toMatchObject({ works: false })
  expect(programs.map(({ stopped, graceMs }) => ({ stopped, graceMs }))).toEqual([{ stopped: true, graceMs: 3_000 }])
})

test('the log of a server is asked by its name, and secrets in it stay behind', async () => {
  const { desk, asked } = await open()
  const { lines, cursor } = await desk.serverLogs('s-1', { limit: 5 })
  expect({ lines, cursor }).toEqual({ lines: [{ runId: 'r-1', text: 'password=[redacted] is wrong' }], cursor: 'r-1:9' })
  expect(asked).toEqual([{ name: 'everything', limit: 5 }])
})

test('an instance that does not supervise says so, and starts nothing', async () => {
  const { desk, stop, programs } = await open()
  await stop()
  const started = programs.length
  const rule = 'server-not-supervised-here'
  await expect(desk.refreshServer('s-1', signal)).rejects.toMatchObject({ rule })
  await expect(desk.serverLogs('s-1', { limit: 1 })).rejects.toMatchObject({ rule })
  await expect(desk.testServer(config, { approved: false, signal })).rejects.toMatchObject({ rule })
  await expect(desk.tryUpgrade('s-1', '2.0.0', signal)).rejects.toMatchObject({ rule })
  await expect(desk.callTool({ serverId: 's-1', tool: 'echo', arguments: {}, principal: 'key-1', signal })).rejects.toMatchObject({ rule })
  expect(await desk.allVitals()).toBeUndefined()
  expect(programs).toHaveLength(started)
})

test('a program that was tried and does not end is told to whoever reads the log of Steward', async () => {
  const { desk, next, programs, logged, rest, clock } = await open()
  next('silent')
  const gone = new AbortController()
  const testing = desk.testServer(config, { approved: false, signal: gone.signal })
  await rest()
  for (const program of programs) program.stuck = true
  gone.abort(new Error('the caller left'))
  await clock.advance(20_000)
  await testing
  expect(logged.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    'a program that was only tried could not be ended; something of it may still run',
  ])
})
