/** A servers file while Steward runs: done by commands, all of it or nothing, and said. */
import { expect, test as it, onTestFinished } from 'vitest'
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createConfigurationCommands } from '../../../src/commands/operator/configuration-commands.ts'
import { followServersFile } from '../../../src/commands/operator/follow-servers-file.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { createUndoCommand } from '../../../src/commands/operator/undo-command.ts'
import { readServers } from '../../../src/domain/configuration/read-servers.ts'
import type { Leases } from '../../../src/domain/ports/leases.ts'
import type { ReadServersFile } from '../../../src/domain/ports/servers-file.ts'
import { config, running, starting } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

const described = (name: string, more: object = {}) => ({ name, enabled: true, config: { ...config, displayName: name, ...more } })

function open() {
  const bench = createBench()
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const commands = createServerCommands(tools, bench)
  const configuration = createConfigurationCommands(tools, { commands, undo: createUndoCommand(tools), hash: bench.hash })
  const leases: Leases = {
    tryHold: async (name) => ({ name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => undefined }),
    isHeld: async () => false,
  }
  let content: ReadServersFile = { servers: [], problems: [], retireOthers: false }
  let bell = Promise.withResolvers<void>()
  const stopping = new AbortController()
  const file = {
    read: async () => content,
    async *changes(signal: AbortSignal) {
      const end = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      while (!signal.aborted) {
        await Promise.race([bell.promise, end])
        bell = Promise.withResolvers()
        if (!signal.aborted) yield
      }
    },
  }
  const following = followServersFile({ ...bench, file, configuration, leases, signal: stopping.signal })
  onTestFinished(async () => {
    stopping.abort(new Error('the test is over'))
    await following
  })
  const rest = async () => {
    for (let turn = 0; turn < 60; turn++) await settled()
  }
  return {
    ...bench,
    commands,
    configuration,
    rest,
    async write(servers: readonly object[], { retireOthers = false } = {}) {
      content = { ...readServers(servers, { literals: 'refused' }), retireOthers }
      bell.resolve()
      await rest()
    },
    async names() {
      return [...(await bench.log.states.registry('servers')).state.keys()].sort()
    },
    said: () => bench.logged.map(({ level, message }) => `${level}: ${message}`),
    meta: (commandId: string) => ({ actor: 'key-1', owner: 'mira', commandId, correlationId: commandId, bodyHash: commandId }),
  }
}

it('what the file describes is registered, and what has changed in it is changed, each as a command of the file', async () => {
  const { write, names, all, log, logged } = open()
  await write([described('a'), described('b')])
  expect(await names()).toStrictEqual(['a', 'b'])
  await write([described('a', { callTimeoutMs: 99_000 }), described('b')])
  const changes = all().filter(({ type }) => type === 'ServerConfigChanged')
  expect(changes.map(({ metadata }) => metadata.actor)).toStrictEqual(['servers-file'])
  const [id = ''] = (await log.states.registry('servers')).state.get('a') ?? []
  expect((await log.states.server(id)).state).toMatchObject({ config: { callTimeoutMs: 99_000 } })
  const plans = logged.filter(({ message }) => message.includes('this is done now')).map(({ fields }) => fields)
  expect(plans).toMatchObject([{ steps: ['create a', 'create b'] }, { steps: ['change a'], changed: ['a.callTimeoutMs'] }])
})

it('a server that runs is restarted with its changed configuration, and all of it is taken back as one', async () => {
  const { write, all, given, log, configuration, meta } = open()
  await write([described('a')])
  const [id = ''] = (await log.states.registry('servers')).state.get('a') ?? []
  const ofIt = [starting(), running()].map((event) => ({ ...event, data: { ...event.data, serverId: id } }) as typeof event)
  await given(`server-${id}`, ...ofIt)
  await write([described('a', { callTimeoutMs: 99_000 })])
  const restarts = () => all().filter(({ type }) => type === 'ServerRestartRequested').length
  expect(restarts()).toBe(1)
  const applied = all().findLast((event) => event.type === 'CommandReceived' && event.data.name === 'configuration.apply')
  const commandId = applied?.stream.slice('command-'.length) ?? ''
  const undone = await configuration.undoConfiguration({ commandId, reason: 'no', meta: meta('undo') })
  expect(undone).toMatchObject({ outcome: 'complete', done: 2 })
  expect(restarts()).toBe(2)
  expect((await log.states.server(id)).state).toMatchObject({ config: { callTimeoutMs: config.callTimeoutMs } })
})

it('a broken file changes nothing, and is said once', async () => {
  const { write, names, said, all } = open()
  await write([described('a')])
  const before = all().length
  const broken = [{ ...described('a', { callTimeoutMs: 'soon' }) }, described('b')]
  await write(broken)
  await write(broken)
  expect(await names()).toStrictEqual(['a'])
  expect(all()).toHaveLength(before)
  expect(said().filter((line) => line.startsWith('error'))).toStrictEqual(['error: the servers file is broken; nothing was changed'])
})

it('a literal secret in the file is refused by its place, and reaches neither the log nor the lines', async () => {
  const { write, names, all, logged } = open()
  const transport = { kind: 'stdio', command: 'npx', args: ['-y', 'server@1.0.0'], env: { API_KEY: 'CANARY-1' } }
  await write([
    described('a', { transport }),
    described('b', { transport: { kind: 'http', url: 'https://x.example/s/CANARY4f5e6d7c8a/mcp' } }),
  ])
  expect(await names()).toStrictEqual([])
  const everything = JSON.stringify([all(), logged], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  expect(everything).toContain('servers.1.config.transport.url')
  expect(everything).not.toContain('CANARY')
})

it('what the file does not describe is left alone, or retired when the file says so', async () => {
  const { write, names } = open()
  await write([described('a'), described('b')])
  await write([described('a')])
  expect(await names()).toStrictEqual(['a', 'b'])
  await write([described('a')], { retireOthers: true })
  expect(await names()).toStrictEqual(['a'])
})
