/** Another version in place of one that runs: only after it was tried, only when it lasts, and otherwise back. */
import { expect, test } from 'vitest'
import type { CanaryOutcome } from '../../../src/domain/ports/canary-start.ts'
import { protect } from '../../../src/domain/protected.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import { hashTool } from '../../../src/domain/server/tool-hash.ts'
import { packageOf } from '../../../src/domain/server/upgrade.ts'
import { config, negotiated } from '../../domain/server/given.ts'
import { type Crash, createBulkBench } from './bulk-bench.ts'

const of = (version: string): ServerConfig => ({
  ...config,
  transport: { kind: 'stdio', command: 'npx', args: ['-y', `server@${version}`], env: {} },
})

type World = Readonly<{
  /** How the canary of the new version ends. */
  canary?: Exclude<CanaryOutcome['kind'], 'given-up'>
  /** How the server behaves in which version. */
  behaves?: (version: string | undefined) => 'well' | 'fails'
  crash?: Crash
}>

async function open({ canary = 'healthy', behaves = () => 'well', crash }: World = {}) {
  const bench = createBulkBench()
  const { hash, clock, all, given, rest } = bench
  const registered = { serverId: 's-1', name: 'files', config: of('1.0.0'), builtIn: false, enabled: true, by: 'mira', at: clock.now() }
  await given('server-s-1', { type: 'ServerRegistered', data: registered })
  const version = () => {
    const last = all().findLast((event) => event.type === 'ServerConfigChanged' || event.type === 'ServerRegistered')
    return last && 'config' in last.data ? packageOf(last.data.config as ServerConfig)?.version : undefined
  }
  const tried: (string | undefined)[] = []
  const drained: string[] = []
  bench.fleet(() => behaves(version()))
  await bench.servers.startServer({ id: 's-1', reason: 'x', meta: bench.meta('start') })
  await rest()
  const options = {
    drain: async (serverId: string, withinMs: number) => {
      drained.push(`${serverId} ${withinMs} in ${version()}`)
      return { [Symbol.dispose]: () => void drained.push('over') }
    },
    canary: {
      async tryStart({ config: asked }: Readonly<{ config: ServerConfig }>): Promise<CanaryOutcome> {
        tried.push(packageOf(asked)?.version)
        if (canary === 'failed') return { kind: 'failed', reason: 'start-timeout', says: protect('no answer'), stderrTail: protect('') }
        const tool = hashTool({ name: 'echo', inputSchema: { type: 'object' } }, hash)
        return { kind: 'healthy', negotiated, tools: [tool], instructions: null, startedInMs: 3 }
      },
    },
  }
  const upgrade = async (to = '2.0.0', more: Readonly<{ digest?: string }> = {}) => {
    await bench.commands.startUpgrade({ id: 's-1', version: to, reason: 'newer', ...more, meta: bench.meta('c-1') })
    await rest()
    await clock.advance(5_001)
    await rest()
  }
  const runner = bench.start({ ...options, ...(crash === undefined ? {} : { crash }) })
  const said = () =>
    all().flatMap((event) =>
      event.type === 'OperationItemFailed' ? [event.data.says.text] : event.type === 'OperationItemSucceeded' ? [event.data.says] : [],
    )
  return { ...bench, upgrade, version, tried, drained, said, options, runner }
}

test('the new version is tried, calls under way end, and it takes the place of the one that runs', async () => {
  const { upgrade, results, version, tried, drained, said, log } = await open()
  await upgrade()
  expect(results()).toEqual(['s-1 succeeded', 'succeeded'])
  expect(said()).toEqual(['1.0.0 became 2.0.0; no definition of a tool waits for an approval'])
  expect({ tried, drained, version: version() }).toEqual({
    ...{ tried: ['2.0.0'], drained: [`s-1 ${config.callTimeoutMs} in 2.0.0`, 'over'], version: '2.0.0' },
  })
  const { state } = await log.states.server('s-1')
  expect(state).toMatchObject({ state: 'running', run: { outdated: false } })
})

test('a version that does not start in the trial changes nothing', async () => {
  const { upgrade, results, version, drained, count } = await open({ canary: 'failed' })
  await upgrade()
  expect(results()).toEqual(['s-1 start-timeout', 'failed'])
  expect({ version: version(), drained, changes: count('ServerConfigChanged') }).toEqual({ version: '1.0.0', drained: [], changes: 0 })
})

test('a version that does not become healthy is taken back by itself, and the one from before runs again', async () => {
  const { upgrade, results, version, said, log } = await open({ behaves: (which) => (which === '2.0.0' ? 'fails' : 'well') })
  await upgrade()
  expect(results()).toEqual(['s-1 upgrade-returned', 'failed'])
  expect(version()).toBe('1.0.0')
  expect(said()[0]).toMatch(/^2\.0\.0: .*; it runs in 1\.0\.0 again$/)
  expect((await log.states.server('s-1')).state).toMatchObject({ state: 'running', run: { outdated: false } })
})

test('a version that ends shortly after its start is taken back too', async () => {
  const { commands, meta, given, log, clock, rest, results, version } = await open()
  await commands.startUpgrade({ id: 's-1', version: '2.0.0', reason: 'newer', meta: meta('c-1') })
  await rest()
  expect(version()).toBe('2.0.0')
  const { state } = await log.states.server('s-1')
  const runId = state.situation === 'registered' ? state.run?.runId : undefined
  await given('server-s-1', {
    type: 'ServerFailed',
    data: {
      ...{ serverId: 's-1', runId: runId ?? '', reason: 'exited', says: protect('it ended'), wasRunning: true, exit: null },
      ...{ stderrTail: protect(''), failedStarts: 0, crashes: 1, at: clock.now() },
    },
  })
  await clock.advance(5_001)
  await rest()
  expect(results()).toEqual(['s-1 upgrade-returned', 'failed'])
  expect(version()).toBe('1.0.0')
})

test('what came to something else than what was looked at is not put in place', async () => {
  const { upgrade, results, version } = await open()
  await upgrade('2.0.0', { digest: 'a'.repeat(64) })
  expect(results()).toEqual(['s-1 upgrade-changed-since', 'failed'])
  expect(version()).toBe('1.0.0')
})

test('a server that does not run gets the version for its next start', async () => {
  const { upgrade, servers, meta, results, version, drained, rest, count } = await open()
  await servers.stopServer({ id: 's-1', reason: 'x', meta: meta('stop') })
  await rest()
  await upgrade()
  expect(results()).toEqual(['s-1 succeeded', 'succeeded'])
  expect({ version: version(), drained, restarts: count('ServerRestartRequested') }).toEqual({ version: '2.0.0', drained: [], restarts: 0 })
})

test('what is no exact version, or no package, is refused before anything begins', async () => {
  const { commands, meta, count } = await open()
  const ask = (version: string) => commands.startUpgrade({ id: 's-1', version, reason: 'x', meta: meta(version) })
  await expect(ask('latest')).rejects.toMatchObject({ rule: 'not-an-exact-version' })
  await expect(ask('^2.0.0')).rejects.toMatchObject({ rule: 'not-an-exact-version' })
  expect(count('OperationStarted')).toBe(0)
})

test.for([1, 2, 3, 4, 5, 6, 7, 8, 9])(
  'an instance that dies at append %i leaves an upgrade that the next one finishes, once',
  async (atAppend) => {
    const { upgrade, results, version, count, start, options, clock, rest } = await open({ crash: { atAppend, when: 'after' } })
    await upgrade()
    for (let turn = 0; turn < 40; turn++) {
      await clock.advance(1_000)
      await rest()
    }
    start(options)
    for (let turn = 0; turn < 60; turn++) {
      await clock.advance(1_000)
      await rest()
    }
    expect(results()).toEqual(['s-1 succeeded', 'succeeded'])
    expect({ version: version(), changes: count('ServerConfigChanged') }).toEqual({ version: '2.0.0', changes: 1 })
  },
)
