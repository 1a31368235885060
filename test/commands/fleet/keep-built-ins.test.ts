/** Servers that come with Steward are there when they are wanted, whatever interrupted their registration, and as an operator left them. */
import { expect, onTestFinished, test } from 'vitest'
import { keepBuiltIns } from '../../../src/commands/fleet/keep-built-ins.ts'
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import type { RunAgain } from '../../../src/commands/operator/operator-command.ts'
import { resumeCommands } from '../../../src/commands/operator/resume-commands.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import { type BuiltInName, builtInConfig } from '../../../src/domain/server/built-in.ts'
import { serverDefaults } from '../../../src/domain/server/config.ts'
import { argvHash } from '../../../src/domain/server/executable.ts'
import { config } from '../../domain/server/given.ts'
import { until } from '../../support/until.ts'
import { createBench, failBefore, letThrough } from '../support/bench.ts'

function open() {
  const bench = createBench()
  const byName: Map<string, RunAgain> = new Map()
  const commands = createServerCommands({ ...bench, attempt: createAttempt(bench), byName }, bench)
  const openCommands = async () => {
    const ended = new Set(bench.all().flatMap(({ type, stream }) => (/^Command(Succeeded|Failed)$/.test(type) ? [stream] : [])))
    return bench
      .all()
      .flatMap(({ type, stream }) => (type === 'CommandReceived' && !ended.has(stream) ? [stream.slice('command-'.length)] : []))
  }
  const asked = (commandId: string) => ({
    reason: 'for the test',
    meta: { actor: 'key-1', owner: 'mira', commandId, correlationId: commandId, bodyHash: commandId },
  })
  return {
    ...bench,
    commands,
    asked,
    idOf: async (name: string) => (await bench.log.states.registry('servers')).state.get(name)?.[0] ?? '',
    intents: async (name: string) => {
      const [id] = (await bench.log.states.registry('servers')).state.get(name) ?? []
      return id === undefined ? [] : bench.types(`server-${id}`)
    },
    /** An instance that begins to supervise; done when it has nothing left to do. */
    async supervise(
      wanted: readonly BuiltInName[],
      program = '/opt/steward/calculator.ts',
      { supervises = () => true }: { supervises?: () => boolean } = {},
    ) {
      const ending = new AbortController()
      const places = { calculator: { command: '/opt/node', args: [program] }, filesDir: '/var/lib/steward/files' }
      const resuming = resumeCommands({ ...bench, agenda: { openCommands }, commands: byName, signal: ending.signal })
      const running = keepBuiltIns({
        ...bench,
        ...{ wanted, commands, supervises, signal: ending.signal },
        configOf: (name) => builtInConfig(name, places, serverDefaults),
      })
      const end = async (): Promise<void> => {
        ending.abort(new Error('the test is over'))
        await Promise.all([running, resuming])
      }
      onTestFinished(end)
      return end
    },
  }
}

const REGISTERED = ['ServerRegistered', 'ExecutableApproved', 'ServerEnabled', 'ServerStartRequested']

test('a wanted server is registered as system-managed, approved where it is our own program, and started; the others are not there', async () => {
  const { supervise, intents, idOf, log } = open()
  await supervise(['calculator', 'filesystem'])
  await until(async () => (await intents('filesystem')).length === 3)
  expect(await intents('calculator')).toStrictEqual(REGISTERED)
  expect(await intents('filesystem')).toStrictEqual(['ServerRegistered', 'ServerEnabled', 'ServerStartRequested'])
  expect(await intents('everything')).toStrictEqual([])
  const { state } = await log.states.server(await idOf('filesystem'))
  expect(state).toMatchObject({
    ...{ situation: 'registered', builtIn: true, enabled: true },
    config: { transport: { args: ['-y', expect.stringMatching(/server-filesystem@\d/), '/var/lib/steward/files'] } },
  })
})

test('what is as it should be is left alone, and so is what an operator changed or disabled', async () => {
  const { supervise, intents, idOf, commands, asked } = open()
  const end = await supervise(['calculator', 'filesystem'])
  await until(async () => (await intents('filesystem')).length === 3)
  await end()
  const id = await idOf('filesystem')
  const transport = { kind: 'stdio', command: 'npx', args: ['-y', 'other@1.0.0'], env: {} } as const
  await commands.changeServerConfig({ id, config: { ...config, transport }, ...asked('change') })
  await commands.disableServer({ id, ...asked('disable') })
  const before = [await intents('calculator'), await intents('filesystem')]
  await supervise(['calculator', 'filesystem', 'everything'])
  await until(async () => (await intents('everything')).length === 3)
  expect([await intents('calculator'), await intents('filesystem')]).toStrictEqual(before)
  await expect(commands.retireServer({ id, ...asked('retire') })).rejects.toMatchObject({ rule: 'built-in-server' })
})

test('interrupted after any step, it goes on where it was', async () => {
  for (let steps = 0; steps < 12; steps++) {
    const { supervise, intents, interfere, clock } = open()
    interfere(...Array.from({ length: steps }, () => letThrough), failBefore(new StoreUnavailable({ doing: 'appending' })))
    await supervise(['calculator'])
    await until(async () => {
      await clock.advance(60_000)
      return (await intents('calculator')).length >= REGISTERED.length
    })
    expect(await intents('calculator')).toStrictEqual(REGISTERED)
  }
})

test('the calculator follows its program to where Steward is installed now', async () => {
  const { supervise, intents } = open()
  const end = await supervise(['calculator'])
  await until(async () => (await intents('calculator')).length === REGISTERED.length)
  await end()
  await supervise(['calculator'], '/opt/steward-2/calculator.ts')
  await until(async () => (await intents('calculator')).length === REGISTERED.length + 2)
  expect((await intents('calculator')).slice(REGISTERED.length)).toStrictEqual(['ServerConfigChanged', 'ExecutableApproved'])
})

test('what a person has revoked is not approved again by the next start, another program is', async () => {
  const { supervise, intents, idOf, commands, asked, hash, clock } = open()
  const end = await supervise(['calculator'])
  await until(async () => (await intents('calculator')).length === REGISTERED.length)
  await end()
  const revoked = argvHash({ kind: 'stdio', command: '/opt/node', args: ['/opt/steward/calculator.ts'], env: {} }, hash)
  await commands.revokeExecutable({ id: await idOf('calculator'), argvHash: revoked, ...asked('revoke') })
  const after = await supervise(['calculator', 'filesystem'])
  // The calculator comes first.
  await until(async () => (await intents('filesystem')).length === 3)
  await clock.advance(5_000)
  await after()
  expect((await intents('calculator')).slice(REGISTERED.length)).toStrictEqual(['ExecutableApprovalRevoked'])
  await supervise(['calculator'], '/opt/steward-2/calculator.ts')
  await until(async () => (await intents('calculator')).length === REGISTERED.length + 3)
  expect((await intents('calculator')).slice(-2)).toStrictEqual(['ServerConfigChanged', 'ExecutableApproved'])
})

test('a name that belongs to another server is left to it, and said once', async () => {
  const { supervise, commands, asked, intents, logged, clock } = open()
  await commands.registerServer({ name: 'calculator', config, enabled: true, meta: asked('own').meta })
  const before = await intents('calculator')
  await supervise(['calculator'])
  await until(() => logged.length > 0)
  await clock.advance(10_000)
  expect(await intents('calculator')).toStrictEqual(before)
  expect(logged).toMatchObject([{ level: 'warn', fields: { server: 'calculator', error: { rule: 'name-taken' } } }])
})

test('only the instance that supervises registers anything', async () => {
  const { supervise, intents, clock } = open()
  let isSupervisor = false
  await supervise(['everything'], undefined, { supervises: () => isSupervisor })
  await clock.advance(5_000)
  expect(await intents('everything')).toStrictEqual([])
  isSupervisor = true
  await until(async () => {
    await clock.advance(1_000)
    return (await intents('everything')).length === 3
  })
})
