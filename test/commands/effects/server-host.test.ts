/** A managed server in the place of a host: what its marks promise, and what its wishes do to the server. */
import { expect, test } from 'vitest'
import { createServerHosts } from '../../../src/commands/effects/server-host.ts'
import { configHash } from '../../../src/commands/effects/server-look.ts'
import type { Output, ServerRequest } from '../../../src/domain/catalogue/program.ts'
import { readLook } from '../../../src/domain/catalogue/server/look.ts'
import { HostUnreachable, type Mark, MarkTaken, ServiceRefused } from '../../../src/domain/ports/remote-host.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { config, failed, now, registered, running, serverId, starting, stopped, told, wanted } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'

const STREAM = `server-${serverId}`
const mark = (step = 'fix-1'): Mark => ({ stateDir: STREAM, executionId: 'x', step })
const broken = { ...config, displayName: 'broken' }
const changed: ServerEvent = { type: 'ServerConfigChanged', data: { ...told, config: broken, changed: ['displayName'] } }
const failure = failed({ wasRunning: false, failedStarts: 3, crashes: 0 }, 'r-2')
const disabled: ServerEvent = { type: 'ServerDisabled', data: { ...told, by: 'steward', because: 'failures' } }
/** It ran well, was changed, and has been given up. */
const history = [registered(), wanted, starting(), running(), stopped(), changed, starting('r-2'), failure, disabled]

type Trial = 'works' | 'fails' | 'slow'

async function serverHost({
  events = history,
  trial = () => 'works',
  supervised = true,
}: Readonly<{
  events?: readonly ServerEvent[]
  trial?: (displayName: string) => Trial
  supervised?: boolean
}> = {}) {
  const bench = createBench()
  await bench.given(`server-${serverId}`, ...events)
  const tried: string[] = []
  const desk = {
    refreshServer: async () => undefined,
    async testServer(asked: typeof config) {
      tried.push(asked.displayName)
      const outcome = trial(asked.displayName)
      const told = { durationMs: 1, negotiated: null, tools: [] }
      if (outcome === 'works') return { ...told, works: true, failure: null }
      return {
        ...told,
        works: false,
        failure: { reason: outcome === 'slow' ? 'start-timeout' : 'exited', says: 'no', stderrTail: '' },
      } as const
    },
  }
  const host = createServerHosts({ ...bench, desk: () => (supervised ? desk : undefined) })(serverId)
  const signal = new AbortController().signal
  return {
    ...bench,
    tried,
    host,
    look: async (...tries: readonly ('present' | 'last-good')[]) =>
      readLook(await host.execute({ kind: 'server', request: { verb: 'look', try: tries } }, { timeoutMs: 1_000, signal })),
    step: (request: ServerRequest, step?: string): Promise<Output> =>
      host.execute({ kind: 'server', request }, { timeoutMs: 1_000, mark: mark(step), signal }),
    added: async () => (await bench.types(STREAM)).slice(events.length),
    state: async () => (await bench.log.states.server(serverId)).state,
    hashes: { present: configHash(broken, bench.hash), good: configHash(config, bench.hash) },
  }
}

test('a server that was given up is tried with both configurations, and no word of it is believed', async () => {
  const { look, tried, hashes } = await serverHost({ trial: (name) => (name === 'broken' ? 'fails' : 'works') })
  expect(await look('present', 'last-good')).toMatchObject({
    ...{ supervisor: 'gave-up', intent: 'disabled', because: 'exited', present: 'fails', lastGoodWorks: 'works' },
    ...{ configuration: hashes.present, lastGood: hashes.good },
  })
  expect(tried).toStrictEqual(['broken', 'Everything'])
})

test('nothing is started beside a server that its supervisor has in hand', async () => {
  const { look, tried } = await serverHost({ events: [registered(), wanted, starting(), running()] })
  expect(await look('present', 'last-good')).toMatchObject({ supervisor: 'resting', lists: 'yes', present: 'untried' })
  expect(tried).toStrictEqual([])
})

test('a trial that was cut short proves nothing', async () => {
  const { look } = await serverHost({ trial: () => 'slow' })
  expect(await look('present')).toBeUndefined()
})

test('what people stopped has not been given up, what used up its budget has', async () => {
  const crashed = [registered(), wanted, starting(), running(), failed({ wasRunning: true, failedStarts: 0, crashes: 1 })]
  const stop: ServerEvent = { type: 'ServerStopRequested', data: told }
  const exhausted: ServerEvent = { type: 'ServerRestartBudgetExhausted', data: { serverId, crashes: 1, at: now } }
  expect(await (await serverHost({ events: [...crashed, stop] })).look()).toMatchObject({ supervisor: 'resting' })
  expect(await (await serverHost({ events: [...crashed, exhausted] })).look()).toMatchObject({ supervisor: 'gave-up', intent: 'stopped' })
})

test('an instance that does not supervise the servers sees none', async () => {
  const { look } = await serverHost({ supervised: false })
  await expect(look()).rejects.toBeInstanceOf(HostUnreachable)
})

test('a retired server answers no question', async () => {
  const { look } = await serverHost({ events: [...history, { type: 'ServerRetired', data: told }] })
  await expect(look()).rejects.toBeInstanceOf(ServiceRefused)
})

test('a step is done once, and its mark is what it did', async () => {
  const { step, hashes, host, added } = await serverHost()
  const configure = { verb: 'configure', from: hashes.present, to: hashes.good } as const
  expect(await step(configure)).toMatchObject({ exitCode: 0 })
  await expect(step(configure)).rejects.toBeInstanceOf(MarkTaken)
  expect(await host.settle(mark(), {})).toStrictEqual({ kind: 'ended', exitCode: 0 })
  expect(await added()).toStrictEqual(['ServerConfigChanged'])
})

test('a step that has not run is fenced, and a late runner does nothing', async () => {
  const { step, hashes, host, added } = await serverHost()
  expect(await host.settle(mark(), {})).toStrictEqual({ kind: 'void' })
  await expect(step({ verb: 'configure', from: hashes.present, to: hashes.good })).rejects.toBeInstanceOf(MarkTaken)
  expect(await host.settle(mark(), {})).toStrictEqual({ kind: 'void' })
  expect(await added()).toStrictEqual(['ServerStepFenced'])
})

test('a configuration is put in place of the one that was looked at, and of no other', async () => {
  const { step, hashes, added } = await serverHost()
  const refused = await step({ verb: 'configure', from: 'f'.repeat(64), to: hashes.good })
  expect(refused).toMatchObject({ exitCode: 1, stderr: 'somebody else has changed the configuration' })
  expect(await step({ verb: 'configure', from: hashes.present, to: 'f'.repeat(64) }, 'fix-2')).toMatchObject({ exitCode: 1 })
  expect(await added()).toStrictEqual([])
})

test('what was wanted before can be wanted again, without a start in between', async () => {
  const { step, state, added } = await serverHost()
  expect(await step({ verb: 'want', intent: 'stopped' })).toMatchObject({ exitCode: 0 })
  expect(await state()).toMatchObject({ enabled: true, desired: 'stopped' })
  expect(await step({ verb: 'want', intent: 'disabled' }, 'fix-2')).toMatchObject({ exitCode: 0 })
  expect(await state()).toMatchObject({ enabled: false, disabledBecause: 'failures' })
  expect(await added()).toStrictEqual(['ServerEnabled', 'ServerDisabled'])
})

test('a memory limit takes nothing back of what somebody changes in the same moment', async () => {
  const bench = createBench()
  await bench.given(STREAM, registered())
  const other: ServerEvent = { type: 'ServerConfigChanged', data: { ...told, config: broken, changed: ['displayName'] } }
  let reads = 0
  const server = async (id: string) => {
    const read = await bench.log.states.server(id)
    // Right behind what the step has looked at.
    if (++reads === 1) await bench.given(STREAM, other)
    return read
  }
  const log = { ...bench.log, states: { ...bench.log.states, server } }
  const host = createServerHosts({ ...bench, log, desk: () => undefined })(serverId)
  const request = { verb: 'limit-memory', bytes: 67_108_864 } as const
  const done = await host.execute({ kind: 'server', request }, { timeoutMs: 1_000, mark: mark() })
  expect(done).toMatchObject({ exitCode: 0 })
  const { state } = await bench.log.states.server(serverId)
  expect(state).toMatchObject({ config: { displayName: 'broken', limits: { memoryBytes: 67_108_864 } } })
})

test('a memory limit is set as a whole value, and taken away again', async () => {
  const { step, state } = await serverHost()
  await step({ verb: 'limit-memory', bytes: 67_108_864 })
  expect(await state()).toMatchObject({ config: { limits: { memoryBytes: 67_108_864 } } })
  await step({ verb: 'limit-memory', bytes: 0 }, 'restore-1')
  expect(await state()).toMatchObject({ config: { limits: {} } })
})
