/** Another version in place of one that runs: only after it was tried, only when it lasts, and otherwise back. */
import { expect, test } from 'vitest'
import type { BulkRunnerOptions } from '../../../src/commands/fleet/bulk-runner.ts'
import type { ServerCommands } from '../../../src/commands/operator/server-commands.ts'
import type { CanaryOutcome } from '../../../src/domain/ports/canary-start.ts'
import { protect } from '../../../src/domain/protected.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
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
  /** Of the runner. */
  commands?: (servers: ServerCommands) => BulkRunnerOptions['commands']
  /** What people do while calls come to their end. */
  meanwhile?: (bench: ReturnType<typeof createBulkBench>) => Promise<unknown>
}>

async function open({ canary = 'healthy', behaves = () => 'well', crash, commands, meanwhile }: World = {}) {
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
  const options: Pick<BulkRunnerOptions, 'drain' | 'canary'> & Partial<BulkRunnerOptions> = {
    drain: async (serverId: string, withinMs: number) => {
      drained.push(`${serverId} ${withinMs} in ${version()}`)
      await meanwhile?.(bench)
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
  const by = commands === undefined ? {} : { commands: commands(bench.servers) }
  const runner = bench.start({ ...options, ...by, ...(crash === undefined ? {} : { crash }) })
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

test('a server in maintenance gets the version for its next start', async () => {
  const { upgrade, servers, meta, results, version, drained } = await open()
  await servers.enterMaintenance({ id: 's-1', reason: 'x', meta: meta('maintain') })
  await upgrade()
  expect(results()).toEqual(['s-1 succeeded', 'succeeded'])
  expect({ version: version(), drained }).toEqual({ version: '2.0.0', drained: [] })
})

test.for([
  ['disables it', 'it was disabled in between', ({ servers, meta }) => servers.disableServer({ ...asked, meta: meta('other') })],
  ['stops it', 'it was stopped in between', ({ servers, meta }) => servers.stopServer({ ...asked, meta: meta('other') })],
  [
    'puts it into maintenance',
    'it was put into maintenance in between',
    ({ servers, meta }) => servers.enterMaintenance({ ...asked, meta: meta('other') }),
  ],
  [
    'configures it otherwise',
    'its configuration was changed in between',
    ({ servers, meta }) => servers.changeServerConfig({ ...asked, config: of('3.0.0'), meta: meta('other') }),
  ],
] satisfies [string, string, NonNullable<World['meanwhile']>][])(
  'who %s while calls come to their end has the last word',
  async ([, says, meanwhile]) => {
    const { upgrade, results, said, drained, count } = await open({ meanwhile })
    await upgrade()
    expect(results()).toEqual(['s-1 changed-since', 'failed'])
    expect(said()).toEqual([says])
    expect(drained.at(-1)).toBe('over')
    expect(count('ServerRestartRequested')).toBe(0)
  },
)

const asked = { id: 's-1', reason: 'otherwise' }

/** In its time of probation, the only run of the new version. */
async function onProbation(world: World = {}) {
  const bench = await open(world)
  await bench.commands.startUpgrade({ id: 's-1', version: '2.0.0', reason: 'newer', meta: bench.meta('c-1') })
  await bench.rest()
  const { state } = await bench.log.states.server('s-1')
  const runId = (state.situation === 'registered' && state.run?.runId) || ''
  const of = { serverId: 's-1', at: bench.clock.now() }
  const crashed: ServerEvent = {
    type: 'ServerFailed',
    data: {
      ...{ ...of, runId, reason: 'exited', says: protect('it ended'), wasRunning: true, exit: null },
      ...{ stderrTail: protect(''), failedStarts: 0, crashes: 1 },
    },
  }
  const runsAnew: ServerEvent[] = [
    { type: 'ServerStarting', data: { ...of, runId: 'r-anew', supervisorId: 'steward-a' } },
    { type: 'ServerRunning', data: { ...of, runId: 'r-anew', ...negotiated, startedInMs: 0 } },
  ]
  const passes = async () => {
    for (let turn = 0; turn < 40; turn++) {
      await bench.clock.advance(1_000)
      await bench.rest()
    }
  }
  return { ...bench, crashed, runsAnew, passes }
}

test('a configuration that somebody has put in place on probation is not overwritten', async () => {
  const { servers, meta, given, crashed, passes, results, said, version } = await onProbation()
  await servers.changeServerConfig({ ...asked, config: of('3.0.0'), meta: meta('other') })
  await given('server-s-1', crashed)
  await passes()
  expect(results()).toEqual(['s-1 changed-since', 'failed'])
  expect(said()).toEqual(['2.0.0: it ended; its configuration was changed in between'])
  expect(version()).toBe('3.0.0')
})

test('a version that was disabled for its failures is taken back, and the one from before is enabled', async () => {
  const { given, clock, crashed, passes, results, version, log } = await onProbation()
  const disabled = { serverId: 's-1', by: 'steward', reason: 'x', because: 'failures', at: clock.now() } as const
  await given('server-s-1', crashed, { type: 'ServerDisabled', data: disabled })
  await passes()
  expect(results()).toEqual(['s-1 upgrade-returned', 'failed'])
  expect(version()).toBe('1.0.0')
  expect((await log.states.server('s-1')).state).toMatchObject({ enabled: true, state: 'running' })
})

test('what somebody has disabled while it was taken back stays disabled', async () => {
  const commands = (servers: ServerCommands): ServerCommands => {
    const { changeServerConfig, disableServer } = servers
    const change = async (input: Parameters<typeof changeServerConfig>[0]) => {
      const outcome = await changeServerConfig(input)
      const meta = { actor: 'key-2', owner: 'noor', commandId: 'other', correlationId: 'other', bodyHash: 'other' }
      if (input.reason.includes('did not become healthy')) await disableServer({ ...asked, meta })
      return outcome
    }
    return { ...servers, changeServerConfig: Object.assign(change, { preview: changeServerConfig.preview }) }
  }
  const { given, crashed, passes, said, version, log } = await onProbation({ commands })
  await given('server-s-1', crashed)
  await passes()
  expect(said()).toEqual(['2.0.0: it ended; it is 1.0.0 again, and it was disabled in between'])
  expect(version()).toBe('1.0.0')
  expect((await log.states.server('s-1')).state).toMatchObject({ enabled: false, disabledBecause: 'operator' })
})

test('a run that crashed while nobody looked did not last, though another one of the version runs since', async () => {
  const { runner, start, options, given, crashed, runsAnew, passes, results, version } = await onProbation()
  await runner.stop()
  await given('server-s-1', crashed, ...runsAnew)
  start(options)
  await passes()
  expect(results()).toEqual(['s-1 upgrade-returned', 'failed'])
  expect(version()).toBe('1.0.0')
})

test.for([8, 9, 10, 11, 12, 13])('an instance that dies at append %i, on the way back, leaves no false success', async (atAppend) => {
  const { given, crashed, passes, start, options, results, version, count, runner } = await onProbation({
    crash: { atAppend, when: 'after' },
  })
  await given('server-s-1', crashed)
  await passes()
  expect(runner.died.aborted).toBe(true)
  start(options)
  await passes()
  expect(results()).toEqual(['s-1 upgrade-returned', 'failed'])
  expect({ version: version(), changes: count('ServerConfigChanged') }).toEqual({ version: '1.0.0', changes: 2 })
})
