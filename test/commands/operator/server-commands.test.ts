import { expect, test } from 'vitest'
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { createUndoCommand } from '../../../src/commands/operator/undo-command.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import { argvHash } from '../../../src/domain/server/executable.ts'
import { config } from '../../domain/server/given.ts'
import { createBench } from '../support/bench.ts'

function open() {
  const bench = createBench()
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const meta = (commandId: string) => ({
    ...{ actor: 'key-1', owner: 'mira', commandId, correlationId: commandId, bodyHash: commandId },
  })
  const commands = createServerCommands(tools, bench)
  const undo = createUndoCommand(tools)
  const register = (id = 'c-register', changes: Partial<ServerConfig> = {}) =>
    commands.registerServer({ name: 'files', config: { ...config, ...changes }, enabled: true, meta: meta(id) })
  const intents = async (id: string) =>
    (await bench.types(`server-${id}`)).filter((type) => type.startsWith('Server') || type.startsWith('Tool'))
  return { ...bench, commands, undo, meta, register, intents }
}

test('a server is registered under a name that is free, and wanted to run when it starts by itself', async () => {
  const { register, intents, commands, meta } = open()
  const { id } = await register()
  expect(await intents(id)).toStrictEqual(['ServerRegistered', 'ServerStartRequested'])
  const again = commands.registerServer({ name: 'files', config, enabled: false, meta: meta('c-2') })
  await expect(again).rejects.toMatchObject({ rule: 'name-taken', facts: { name: 'files', holder: id } })
})

test('a registration that breaks rules says all of them, and leaves nothing', async () => {
  const { commands, meta, all } = open()
  const broken: ServerConfig = { ...config, displayName: '', transport: { kind: 'stdio', command: 'sh', args: ['-c', 'x'], env: {} } }
  const refused = commands.registerServer({ name: 'A', config: broken, enabled: true, meta: meta('c-1') })
  await expect(refused).rejects.toMatchObject({
    rule: 'server-config-invalid',
    facts: { field: 'name', broken: 'server-name', says: expect.stringMatching(/name .*; displayName .*; transport\.command \(shell\)/) },
  })
  expect(all().map(({ type }) => type)).toStrictEqual(['CommandReceived', 'CommandFailed'])
})

test('a preview decides on the state of today, and records nothing', async () => {
  const { register, commands, all } = open()
  const { id } = await register()
  const before = all().length
  expect(await commands.stopServer.preview({ id, reason: 'x' }, 'mira')).toMatchObject({
    id,
    wouldRecord: [{ type: 'ServerStopRequested' }],
  })
  expect(await commands.leaveMaintenance.preview({ id, reason: 'x' }, 'mira')).toStrictEqual({ id, wouldRecord: [] })
  expect(await commands.enableTool.preview({ id, tool: 'nope', reason: 'x' }, 'mira')).toMatchObject({ refusal: { rule: 'tool-unknown' } })
  expect(await commands.changeServerConfig.preview({ id, reason: 'x', config: { ...config, maxFailures: 99 } }, 'mira')).toMatchObject({
    refusal: { rule: 'server-config-invalid', facts: { field: 'maxFailures' } },
  })
  expect(all()).toHaveLength(before)
})

test('undo of each command is its opposite', async () => {
  const { register, commands, undo, meta, log } = open()
  const { id } = await register()
  const now = async () => {
    const { state } = await log.states.server(id)
    return state.situation === 'absent' ? undefined : state
  }
  await commands.changeServerConfig({ id, reason: 'slower', config: { ...config, callTimeoutMs: 60_000 }, meta: meta('c-2') })
  await undo({ commandId: 'c-2', reason: 'no', meta: meta('u-2') })
  expect((await now())?.config).toStrictEqual(config)
  await commands.stopServer({ id, reason: 'night', meta: meta('c-3') })
  await undo({ commandId: 'c-3', reason: 'no', meta: meta('u-3') })
  expect((await now())?.desired).toBe('running')
  await commands.disableServer({ id, reason: 'old', meta: meta('c-4') })
  await undo({ commandId: 'c-4', reason: 'no', meta: meta('u-4') })
  expect((await now())?.enabled).toBe(true)
  await commands.retireServer({ id, reason: 'gone', meta: meta('c-5') })
  await undo({ commandId: 'c-5', reason: 'no', meta: meta('u-5') })
  expect((await now())?.situation).toBe('registered')
  await undo({ commandId: 'c-5', reason: 'no', meta: meta('u-5') })
})

test('undo of an approval revokes it; only a person who looks at the program gives it again', async () => {
  const { register, commands, undo, meta, log, hash } = open()
  const transport = { kind: 'stdio', command: '/opt/weather', args: ['--stdio'], env: {} } as const
  const { id } = await register('c-1', { transport })
  const approved = argvHash(transport, hash)
  const approval = async () => {
    const { state } = await log.states.server(id)
    return state.situation === 'registered' && state.approvedArgv.has(approved)
  }
  await commands.approveExecutable({ id, reason: 'read', argvHash: approved, meta: meta('c-2') })
  expect(await approval()).toBe(true)
  await undo({ commandId: 'c-2', reason: 'the wrong one', meta: meta('u-2') })
  expect(await approval()).toBe(false)
  await expect(undo({ commandId: 'u-2', reason: 'no', meta: meta('u-3') })).rejects.toMatchObject({
    ...{ rule: 'command-not-undoable', facts: { command: 'servers.revoke-executable', says: expect.stringContaining('approve it again') } },
  })
})

test('an undo is undone as the command that it was in effect, as often as one likes', async () => {
  const { register, commands, undo, meta, log } = open()
  const { id } = await register('c-1')
  const timeout = async () => {
    const { state } = await log.states.server(id)
    return state.situation === 'registered' ? state.config.callTimeoutMs : undefined
  }
  const before = await timeout()
  await commands.changeServerConfig({ id, reason: 'slow', config: { ...config, callTimeoutMs: 90_000 }, meta: meta('c-2') })
  await undo({ commandId: 'c-2', reason: 'no', meta: meta('u-1') })
  expect(await timeout()).toBe(before)
  await undo({ commandId: 'u-1', reason: 'yes', meta: meta('u-2') })
  expect(await timeout()).toBe(90_000)
  await undo({ commandId: 'u-2', reason: 'no', meta: meta('u-3') })
  expect(await timeout()).toBe(before)
  await expect(undo({ commandId: 'c-2', reason: 'no', meta: meta('u-4') })).rejects.toMatchObject({ rule: 'changed-since' })
})

test('what has no way back is refused with the reason', async () => {
  const { register, commands, undo, meta } = open()
  const { id } = await register('c-1')
  await commands.restartServer({ id, reason: 'now', meta: meta('c-2') })
  await expect(undo({ commandId: 'c-2', reason: 'no', meta: meta('u-1') })).rejects.toMatchObject({
    ...{ rule: 'command-not-undoable', facts: { command: 'servers.restart', says: 'the run from before has ended' } },
  })
})

test('undo of a disable does not start what had been stopped before', async () => {
  const { register, commands, undo, meta, log } = open()
  const { id } = await register()
  await commands.stopServer({ id, reason: 'night', meta: meta('c-2') })
  await commands.disableServer({ id, reason: 'old', meta: meta('c-3') })
  await undo({ commandId: 'c-3', reason: 'no', meta: meta('u-3') })
  expect((await log.states.server(id)).state).toMatchObject({ enabled: true, desired: 'stopped' })
})

test('undo brings back no configuration that the rules of today forbid', async () => {
  const { register, commands, undo, meta, log, given } = open()
  const { id } = await register()
  const before = { ...config, transport: { kind: 'stdio', command: 'node', args: ['-e', '1'], env: {} } } as const
  const at = instant('2026-11-21T10:00:00.000Z')
  // As if it had been configured before there was such a rule.
  const change = { serverId: id, config: before, changed: ['transport.args'], by: 'mira', reason: 'long ago', at }
  await given(`server-${id}`, { type: 'ServerConfigChanged', data: change })
  await commands.changeServerConfig({ id, reason: 'slower', config: { ...config, callTimeoutMs: 60_000 }, meta: meta('c-2') })
  await expect(undo({ commandId: 'c-2', reason: 'no', meta: meta('u-2') })).rejects.toMatchObject({ rule: 'server-config-invalid' })
  expect(await undo.preview({ commandId: 'c-2', reason: 'no' }, 'key-1')).toMatchObject({ refusal: { rule: 'server-config-invalid' } })
  expect((await log.states.server(id)).state).toMatchObject({ config: { callTimeoutMs: 60_000 } })
})

test('undo is refused when somebody has decided something since, and names it', async () => {
  const { register, commands, undo, meta } = open()
  const { id } = await register()
  await commands.stopServer({ id, reason: 'night', meta: meta('c-2') })
  await commands.disableServer({ id, reason: 'broken', meta: meta('c-3') })
  await expect(undo({ commandId: 'c-2', reason: 'no', meta: meta('u-2') })).rejects.toMatchObject({
    rule: 'changed-since',
    facts: { event: 'ServerDisabled', by: 'key-1' },
  })
  await expect(undo({ commandId: 'c-404', reason: 'no', meta: meta('u-3') })).rejects.toMatchObject({ rule: 'command-unknown' })
})

test('a configuration that turned out wrong at the restart can be taken back: starting and stopping decided nothing about it', async () => {
  const { register, commands, undo, meta, log } = open()
  const { id } = await register()
  await commands.changeServerConfig({ id, reason: 'typo', config: { ...config, callTimeoutMs: 100 }, meta: meta('c-2') })
  await commands.restartServer({ id, reason: 'take it in', meta: meta('c-3') })
  await commands.stopServer({ id, reason: 'it is broken', meta: meta('c-4') })
  await undo({ commandId: 'c-2', reason: 'it was wrong', meta: meta('u-2') })
  const { state } = await log.states.server(id)
  expect(state.situation === 'registered' && [state.config, state.desired]).toStrictEqual([config, 'stopped'])
  // A stop is taken back by a start, so whoever restarted it meanwhile has decided about just that.
  await commands.restartServer({ id, reason: 'again', meta: meta('c-5') })
  await expect(undo({ commandId: 'c-4', reason: 'no', meta: meta('u-4') })).rejects.toMatchObject({ rule: 'changed-since' })
})

test('undo of a registration retires it, and gives its name back', async () => {
  const { register, undo, meta, intents } = open()
  const { id } = await register()
  await undo({ commandId: 'c-register', reason: 'no', meta: meta('u-1') })
  expect((await intents(id)).at(-1)).toBe('ServerRetired')
  await register('c-again')
})

test('a program that no list knows is approved with exactly the arguments that were looked at', async () => {
  const { register, commands, meta, hash, log } = open()
  const transport = { kind: 'stdio', command: '/opt/server', args: ['--fast'], env: {} } as const
  const { id } = await register('c-1', { transport })
  const approve = (approved: string, commandId: string) =>
    commands.approveExecutable({ id, reason: 'ours', argvHash: approved, meta: meta(commandId) })
  await expect(approve('other', 'c-2')).rejects.toMatchObject({ rule: 'executable-changed-since' })
  await approve(argvHash(transport, hash), 'c-3')
  const { state } = await log.states.server(id)
  expect(state.situation === 'registered' && state.approvedArgv.has(argvHash(transport, hash))).toBe(true)
})

test('an approval is revoked whatever was decided since, and given again only by an approval', async () => {
  const { register, commands, undo, meta, hash, log } = open()
  const transport = { kind: 'stdio', command: '/opt/server', args: [], env: {} } as const
  const { id } = await register('c-1', { transport })
  const approved = argvHash(transport, hash)
  await commands.approveExecutable({ id, reason: 'ours', argvHash: approved, meta: meta('c-2') })
  await commands.disableServer({ id, reason: 'noisy', meta: meta('c-3') })
  await expect(undo({ commandId: 'c-2', reason: 'no', meta: meta('u-1') })).rejects.toMatchObject({ rule: 'changed-since' })
  await commands.revokeExecutable({ id, reason: 'tampered with', argvHash: approved, meta: meta('c-4') })
  const { state } = await log.states.server(id)
  expect(state).toMatchObject({ approvedArgv: new Set() })
  await expect(undo({ commandId: 'c-4', reason: 'no', meta: meta('u-2') })).rejects.toMatchObject({ rule: 'command-not-undoable' })
})

test('what a person saw holds as long as nobody else decides: facts of the server are no conflict, decisions are', async () => {
  const { register, commands, meta, handle, log, clock } = open()
  const { id } = await register()
  const seen = { ...meta('c-2'), expectedRevision: (await log.states.server(id)).last?.revision ?? 0n }
  const cause = { actor: 'steward', commandId: 'f-1', correlationId: 'f', causationId: 'f' }
  const begin = { type: 'BeginServerStart', data: { runId: 'r-1', supervisorId: 'a', now: clock.now() } } as const
  await handle({ aggregate: 'server', id, command: begin }, cause)
  await commands.stopServer({ id, reason: 'night', meta: seen })
  const late = { ...meta('c-3'), expectedRevision: seen.expectedRevision }
  expect(await commands.startServer.preview({ id, reason: 'x' }, 'mira', seen.expectedRevision)).toMatchObject({
    refusal: { rule: 'concurrency-conflict' },
  })
  await expect(commands.startServer({ id, reason: 'x', meta: late })).rejects.toMatchObject({ rule: 'concurrency-conflict' })
  await commands.stopServer({ id, reason: 'night', meta: seen })
  const future = { ...meta('c-4'), expectedRevision: 99n }
  await expect(commands.startServer({ id, reason: 'x', meta: future })).rejects.toMatchObject({ rule: 'concurrency-conflict' })
})

test('a preview of a registration says that the name is taken', async () => {
  const { register, commands } = open()
  const { id } = await register()
  expect(await commands.registerServer.preview({ name: 'files', config, enabled: true }, 'mira')).toMatchObject({
    wouldRecord: [],
    refusal: { rule: 'name-taken', facts: { holder: id } },
  })
})
