import { expect, test } from 'vitest'
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { commandsOf, createConfigurationCommands } from '../../../src/commands/operator/configuration-commands.ts'
import { createExportConfiguration } from '../../../src/commands/operator/export-configuration.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { createUndoCommand } from '../../../src/commands/operator/undo-command.ts'
import type { Bundle } from '../../../src/domain/configuration/bundle.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import { config } from '../../domain/server/given.ts'
import { createBench, failBefore, letThrough } from '../support/bench.ts'

async function open(logId = 'log-1') {
  const bench = createBench()
  await bench.given('log-identity', { type: 'LogCreated', data: { logId, namespace: 'test' } })
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const commands = createServerCommands(tools, bench)
  const undo = createUndoCommand(tools)
  const configuration = createConfigurationCommands(tools, { commands, undo, hash: bench.hash })
  const exportConfiguration = createExportConfiguration(bench)
  const meta = (commandId: string) => ({ actor: 'key-1', owner: 'mira', commandId, correlationId: commandId, bodyHash: commandId })
  const register = (name: string, enabled = true) => commands.registerServer({ name, config, enabled, meta: meta(`register-${name}`) })
  const shown = async () =>
    (await exportConfiguration()).servers.map(({ name, enabled, config: { callTimeoutMs } }) => `${name} ${enabled} ${callTimeoutMs}`)
  const opened = async (bundle: Bundle) => {
    const result = await configuration.openBundle(JSON.parse(JSON.stringify(bundle)))
    if (result.kind === 'damaged') throw new Error(JSON.stringify(result.problems))
    return result.bundle
  }
  return { ...bench, commands, configuration, exportConfiguration, meta, register, shown, opened }
}

/** A backup, and then a change of every kind. */
async function changed() {
  const bench = await open()
  const { commands, register, meta, exportConfiguration } = bench
  const a = await register('a')
  await register('b')
  const c = await register('c')
  await register('same')
  const bundle = await exportConfiguration()
  await commands.changeServerConfig({ id: a.id, reason: 'slower', config: { ...config, callTimeoutMs: 99_000 }, meta: meta('change') })
  await commands.disableServer({ id: a.id, reason: 'night', meta: meta('disable') })
  await commands.retireServer({ id: c.id, reason: 'old', meta: meta('retire') })
  await register('new')
  return { ...bench, bundle }
}

test('a restore brings back what the bundle describes, shows it first, and leaves alone what it does not describe', async () => {
  const { bundle, opened, configuration, shown, meta, all } = await changed()
  const plan = await configuration.planServers((await opened(bundle)).servers)
  expect(plan.servers.map(({ name, steps }) => `${name}: ${steps}`)).toStrictEqual([
    'a: change,enable',
    'b: ',
    'c: create',
    'new: ',
    'same: ',
  ])
  expect(plan.servers[0]?.diff).toStrictEqual([{ field: 'callTimeoutMs', from: 99_000, to: 30_000 }])
  expect(commandsOf(plan)).toStrictEqual(['servers.register', 'servers.update', 'servers.enable'])
  const before = all().length
  const previews = await configuration.previewConfiguration(plan, 'back', 'mira')
  expect(previews.map(({ preview }) => preview.wouldRecord.map(({ type }) => type))).toStrictEqual([
    ...[['ServerRegistered'], ['ServerConfigChanged'], ['ServerEnabled', 'ServerStartRequested']],
  ])
  expect(all()).toHaveLength(before)
  const applied = await configuration.applyConfiguration({ plan, planHash: plan.hash, reason: 'back', meta: meta('restore') })
  expect(applied).toMatchObject({ outcome: 'complete', done: 3, refused: 0 })
  expect(await shown()).toStrictEqual(['a true 30000', 'b true 30000', 'c true 30000', 'new true 30000', 'same true 30000'])
  expect((await configuration.planServers(bundle.servers)).steps).toStrictEqual([])
})

test('what is not described is retired when that is asked for', async () => {
  const { bundle, configuration, shown, meta } = await changed()
  const plan = await configuration.planServers(bundle.servers, { retireOthers: true })
  expect(plan.steps.slice(0, 2)).toMatchObject([
    { kind: 'disable', name: 'new' },
    { kind: 'retire', name: 'new' },
  ])
  await configuration.applyConfiguration({ plan, reason: 'back', meta: meta('restore') })
  expect(await shown()).toStrictEqual(['a true 30000', 'b true 30000', 'c true 30000', 'same true 30000'])
})

test('a restore is undone as one, step by step backwards, each as a command of its own', async () => {
  const { bundle, configuration, shown, meta, events } = await changed()
  const before = await shown()
  const plan = await configuration.planServers(bundle.servers, { retireOthers: true })
  const { steps } = await configuration.applyConfiguration({ plan, reason: 'back', meta: meta('restore') })
  expect(await shown()).not.toStrictEqual(before)
  const undone = await configuration.undoConfiguration({ commandId: 'restore', reason: 'no', meta: meta('undo') })
  expect(undone).toMatchObject({ outcome: 'complete', done: 5 })
  expect(await shown()).toStrictEqual(before)
  expect(await configuration.undoConfiguration({ commandId: 'restore', reason: 'no', meta: meta('undo') })).toStrictEqual(undone)
  const [first] = steps
  const record = await events(`command-${String(first?.['commandId'])}`)
  expect(record[0]).toMatchObject({ type: 'CommandReceived', metadata: { correlationId: 'restore' } })
})

test('a step that somebody decided about since is not undone, and the rest is', async () => {
  const { bundle, configuration, commands, meta, log } = await changed()
  const plan = await configuration.planServers(bundle.servers)
  await configuration.applyConfiguration({ plan, reason: 'back', meta: meta('restore') })
  const [id = ''] = (await log.states.registry('servers')).state.get('c') ?? []
  await commands.stopServer({ id, reason: 'mine', meta: meta('stop') })
  const undone = await configuration.undoConfiguration({ commandId: 'restore', reason: 'no', meta: meta('undo') })
  expect(undone).toMatchObject({ outcome: 'partial', done: 2, refused: 1 })
  expect(undone.steps.find(({ outcome }) => outcome === 'refused')).toMatchObject({ name: 'c', rule: 'changed-since' })
})

test('a plan that is not the one that was looked at is refused', async () => {
  const { bundle, configuration, meta } = await changed()
  const plan = await configuration.planServers(bundle.servers)
  const apply = configuration.applyConfiguration({ plan, planHash: 'another', reason: 'back', meta: meta('restore') })
  await expect(apply).rejects.toMatchObject({ rule: 'plan-changed-since', facts: { now: plan.hash } })
})

test('a restore that died in the middle is finished by its repeat, with every step in the result once', async () => {
  const { bundle, configuration, shown, meta, interfere, clock, all } = await changed()
  const plan = await configuration.planServers(bundle.servers)
  // The whole is received; the first part received, claimed, registered, started and ended; the second one does not get through.
  interfere(...Array.from({ length: 6 }, () => letThrough), failBefore(new StoreUnavailable({ doing: 'append' })))
  const apply = () => configuration.applyConfiguration({ plan, reason: 'back', meta: meta('restore') })
  await expect(apply()).rejects.toThrow(StoreUnavailable)
  await clock.advance(31_000)
  expect(await apply()).toMatchObject({ outcome: 'complete', done: 3 })
  expect(await shown()).toContain('a true 30000')
  expect(all().filter(({ type, data }) => type === 'ServerRegistered' && 'name' in data && data.name === 'c')).toHaveLength(2)
})

test('one step that is refused does not hold up the others, and is no success', async () => {
  const { bundle, configuration, register, meta } = await changed()
  const plan = await configuration.planServers(bundle.servers)
  await register('c').catch(() => undefined)
  await configuration.applyConfiguration({ plan, reason: 'back', meta: meta('first') })
  const again = await configuration.applyConfiguration({ plan, reason: 'back', meta: meta('second') })
  expect(again).toMatchObject({ outcome: 'partial', refused: 1 })
  expect(again.steps[0]).toMatchObject({ kind: 'create', outcome: 'refused', rule: 'name-taken' })
})

test('an export is of one position, and can be of an earlier one', async () => {
  const { exportConfiguration, bundle } = await changed()
  const then = await exportConfiguration({ at: BigInt(bundle.log.position) })
  expect(then.servers).toStrictEqual(bundle.servers)
  expect((await exportConfiguration()).servers.map(({ name }) => name)).toStrictEqual(['a', 'b', 'new', 'same'])
})

test('a bundle of another log is told as such, and may be meant', async () => {
  const { bundle } = await changed()
  const { configuration } = await open('log-2')
  expect(await configuration.openBundle(bundle)).toMatchObject({
    kind: 'damaged',
    problems: [{ path: 'log.logId', rule: 'foreign-bundle' }],
  })
  expect(await configuration.openBundle(bundle, { acceptForeign: true })).toMatchObject({ kind: 'bundle', foreign: true })
})
