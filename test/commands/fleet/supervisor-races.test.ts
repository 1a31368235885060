/** What comes in the middle: a decision while a server begins or ends, an outage of the log at any point, a second order while the first is carried out. */
import { expect, test } from 'vitest'
import { createCallRules } from '../../../src/commands/fleet/call-rules.ts'
import { createDirectory } from '../../../src/commands/fleet/directory.ts'
import type { McpDirectory } from '../../../src/domain/ports/mcp.ts'
import { config, registered, said, told } from '../../domain/server/given.ts'
import { createFleetBench, restart, start, stop } from './fleet-bench.ts'

const up = ['ServerStarting', 'ServerRunning']
const signal = new AbortController().signal

async function running(changes: Parameters<ReturnType<typeof createFleetBench>['register']>[0] = {}) {
  const fleet = createFleetBench()
  const steward = fleet.start()
  await fleet.register(changes)
  await fleet.ask(start)
  const managed = steward.supervisor.server('s-1')
  if (!managed) throw new RangeError('not supervised')
  return { ...fleet, ...steward, managed }
}

/** What the gateway sees of the servers. */
const directoryOf = ({ supervisor, launch, ids, hash, clock }: Awaited<ReturnType<typeof running>>): McpDirectory =>
  createDirectory({
    ...{ supervisor, launch, ids, hash, clock },
    rules: createCallRules({ schemas: { compile: () => () => [] } }),
    logPathOf: (name) => `/tmp/${name}.log`,
    breaker: { failuresToOpen: 5, openMs: 60_000 },
  })

test('a configuration that is changed while a start waits for its turn is the one that is started', async () => {
  const fleet = createFleetBench({ startsAtOnce: 1 })
  fleet.start()
  // Another server takes the only place, and keeps it.
  fleet.next('silent')
  const other = { serverId: 's-2', name: 'other' }
  await fleet.given('server-s-2', registered({}, true, other), { type: 'ServerStartRequested', data: { ...told, serverId: 's-2' } })
  await fleet.rest()
  await fleet.register()
  await fleet.ask(start)
  await fleet.ask({ type: 'ChangeServerConfig', data: { ...said, config: { ...config, displayName: 'Another' } } })
  expect(fleet.programs).toHaveLength(1)
  await fleet.given('server-s-2', { type: 'ServerStopRequested', data: { ...told, serverId: 's-2' } })
  await fleet.rest()
  expect(fleet.program(1).request.config.displayName).toBe('Another')
  expect((await fleet.log.states.server('s-1')).state).toMatchObject({ state: 'running', run: { outdated: false } })
})

test('a stop that is under way has no more patience than Steward, when Steward stops', async () => {
  const { ask, rest, program, stop: stopSteward, facts } = await running({ stopGraceMs: 120_000 })
  const goes = Promise.withResolvers<void>()
  program().goes = goes.promise
  await ask(stop)
  expect(program().graceMs).toBe(120_000)
  const stopped = stopSteward()
  await rest()
  expect(program().graceMs).toBe(3_000)
  goes.resolve()
  await stopped
  expect(await facts()).toStrictEqual([...up, 'ServerStopping', 'ServerStopped'])
})

test('what single clients have of it has no more patience either, though a step waits for the log', async () => {
  const { managed, rest, loseLease, storeIsAway, clock } = await running({ stopGraceMs: 120_000 })
  const graces: (number | undefined)[] = []
  const goes = Promise.withResolvers<void>()
  managed.lend({
    idle: async () => undefined,
    async end(mostGraceMs) {
      graces.push(mostGraceMs)
      await goes.promise
    },
  })
  await rest()
  storeIsAway(true)
  loseLease()
  await rest()
  expect(graces[0]).toBe(500)
  goes.resolve()
  storeIsAway(false)
  await clock.advance(10_000)
})

test('a server that starts while the log is away is ended at once when the lease is lost', async () => {
  const fleet = createFleetBench()
  fleet.start()
  await fleet.register()
  await fleet.given('server-s-1', { type: 'ServerStartRequested', data: told })
  // The beginning of the run is recorded; what follows finds no log.
  fleet.interfere(async (append) => {
    const appended = await append()
    fleet.storeIsAway(true)
    return appended
  })
  await fleet.rest()
  expect(fleet.program().stopped).toBe(false)
  fleet.loseLease()
  await fleet.rest()
  expect(fleet.program().stopped).toBe(true)
  fleet.storeIsAway(false)
  await fleet.clock.advance(20_000)
  await fleet.rest()
  expect(await fleet.facts()).toStrictEqual(['ServerStarting', 'ServerStopped', ...up])
})

test('a log that is away for longer than a start may take is no failure of the server', async () => {
  const fleet = createFleetBench()
  fleet.start()
  await fleet.register({ startTimeoutMs: 5_000 })
  await fleet.given('server-s-1', { type: 'ServerStartRequested', data: told })
  fleet.interfere(async (append) => {
    const appended = await append()
    fleet.storeIsAway(true)
    return appended
  })
  await fleet.rest()
  await fleet.clock.advance(30_000)
  expect(fleet.program().stopped).toBe(false)
  fleet.storeIsAway(false)
  await fleet.clock.advance(10_000)
  await fleet.rest()
  expect(await fleet.facts()).toStrictEqual(up)
})

test('an outage in which the lease is lost holds no server up, though the supervisor was just reading', async () => {
  const { rest, given, program, loseLease, storeIsAway, clock, facts } = await running()
  storeIsAway(true)
  await given('server-s-1', { type: 'ToolDisabled', data: { ...told, tool: 'echo' } })
  await rest()
  loseLease()
  await rest()
  expect(program(0).stopped).toBe(true)
  storeIsAway(false)
  await clock.advance(20_000)
  await rest()
  expect(await facts()).toStrictEqual([...up, 'ServerStopping', 'ServerStopped', ...up])
})

test('a retired server is forgotten when another one comes, and restored it is started once', async () => {
  const { ask, given, rest, supervisor, programs, facts } = await running()
  await ask({ type: 'RetireServer', data: said })
  expect(supervisor.all()).toHaveLength(1)
  await given('server-s-2', registered({}, true, { serverId: 's-2', name: 'another' }))
  await rest()
  expect(supervisor.all().map(({ serverId }) => serverId)).toStrictEqual(['s-2'])
  await ask({ type: 'RestoreServer', data: { ...said, retentionMs: 60_000 } })
  await ask({ type: 'EnableServer', data: { ...said, start: true } })
  expect(programs.map(({ stopped }) => stopped)).toStrictEqual([true, false])
  expect(await facts()).toStrictEqual([...up, 'ServerStopping', 'ServerStopped', ...up])
})

test('a caller who comes between the death of a server and its record waits for the next run like any other', async () => {
  const fleet = await running()
  const directory = directoryOf(fleet)
  const goes = Promise.withResolvers<void>()
  const first = fleet.managed.session
  fleet.program(0).goes = goes.promise
  fleet.program(0).crash()
  await fleet.rest()
  // Its end is seen, and what it left is still being cleared away.
  expect(fleet.managed.session).toBeUndefined()
  const server = directory.find('everything')
  expect(server?.unusable).toBeUndefined()
  const session = server?.shared(signal)
  goes.resolve()
  await fleet.rest()
  await fleet.clock.advance(1)
  await fleet.rest()
  expect(await session).toBe(fleet.managed.session)
  expect(fleet.managed.session).not.toBe(first)
})

test.each([
  ['a restart', restart],
  ['a stop', stop],
  ['being disabled', { type: 'DisableServer', data: said }],
  ['maintenance', { type: 'EnterMaintenance', data: said }],
  ['being retired', { type: 'RetireServer', data: said }],
] as const)('what was started for one client ends with its server, by %s', async (_how, order) => {
  const fleet = await running({ isolation: 'session' })
  const directory = directoryOf(fleet)
  await directory.find('everything')?.own('a', signal)
  await directory.find('everything')?.own('b', signal)
  const [, ofA, ofB] = fleet.programs
  expect([ofA?.stopped, ofB?.stopped]).toStrictEqual([false, false])
  await fleet.ask(order)
  expect([ofA?.stopped, ofB?.stopped]).toStrictEqual([true, true])
})

test('what was still being started for one client when its server was started anew ends too', async () => {
  const fleet = await running({ isolation: 'session' })
  const launched = Promise.withResolvers<void>()
  const slowly: typeof fleet.launch = async (request) => {
    await launched.promise
    return fleet.launch(request)
  }
  const line = directoryOf({ ...fleet, launch: slowly })
    .find('everything')
    ?.own('a', signal)
  line?.catch(() => undefined)
  await fleet.rest()
  await fleet.ask(restart)
  launched.resolve()
  await line
  await fleet.rest()
  const ofClient = fleet.programs.find(({ request }) => request.runId !== fleet.program(0).request.runId)
  expect(ofClient?.stopped).toBe(true)
  expect(await fleet.facts()).toStrictEqual([...up, 'ServerRestartRequested', 'ServerStopping', 'ServerStopped', ...up])
})

test('what a client has and cannot be ended is told in the log of Steward, and the others end all the same', async () => {
  const fleet = await running({ isolation: 'session' })
  const directory = directoryOf(fleet)
  await directory.find('everything')?.own('a', signal)
  await directory.find('everything')?.own('b', signal)
  fleet.program(1).stuck = true
  await fleet.ask(stop)
  expect(fleet.program(2).stopped).toBe(true)
  expect(fleet.program(0).stopped).toBe(true)
  expect(fleet.logged).toContainEqual(
    expect.objectContaining({ level: 'error', message: 'a program of a single client could not be ended' }),
  )
})

test('a client gets what is configured now, not what was when he began to wait', async () => {
  const fleet = await running({ isolation: 'session' })
  const server = directoryOf(fleet).find('everything')
  await fleet.ask({ type: 'ChangeServerConfig', data: { ...said, config: { ...config, isolation: 'session', displayName: 'Another' } } })
  await fleet.ask(restart)
  await server?.own('a', signal)
  expect(fleet.program().request.config.displayName).toBe('Another')
})
