import { expect, onTestFinished, test } from 'vitest'
import { compileLogMatcher } from '../../../src/adapters/log-matcher/log-matcher.ts'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import { ABANDONED_AFTER_MS } from '../../../src/commands/operator/attempts.ts'
import { createOperatorCommands } from '../../../src/commands/operator/operator-commands.ts'
import { resumeCommands } from '../../../src/commands/operator/resume-commands.ts'
import type { CommandReceipt } from '../../../src/domain/command/events.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { BehavedHost } from '../support/behaved-host.ts'
import { type Bench, createBench } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

const receipt = (bench: Bench, name: string, body: JsonObject, rest: Partial<CommandReceipt> = {}): CommandReceipt => ({
  commandId: 'c1',
  name,
  subject: 'global',
  actor: 'key',
  owner: 'mira',
  bodyHash: 'hash',
  body,
  at: bench.clock.now(),
  ...rest,
})

function start(bench: Bench, open: () => readonly string[] = () => ['c1']) {
  const { log, handle, ids, clock, hash, logger } = bench
  const survey = () => Promise.reject(new Error('not here'))
  const commands = createOperatorCommands({
    engine: { log, handle, record: createRecordAnomaly({ handle, log, ids, clock }), effects: { survey } },
    ...{ ids, clock, hash, logger },
    hosts: new BehavedHost().hosts(),
    cursors: { load: async () => undefined, save: async () => undefined, forget: async () => undefined },
    faults: [],
    compileMatcher: compileLogMatcher,
    projections: { rebuild: async () => ({}), verify: async () => ({}) },
    scan: { scan: async () => [] },
    vault: { put: async (name) => `file:${name}`, withdraw: async () => undefined },
  })
  const stop = new AbortController()
  const asked: string[] = []
  const agenda = {
    async openCommands(receivedBefore: string) {
      asked.push(receivedBefore)
      return open()
    },
  }
  const running = resumeCommands({ agenda, log, commands: commands.byName, clock, logger, signal: stop.signal })
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'))
    await running
  })
  return { commands, asked, stop, running }
}

test('a command that was received and has no outcome is run again, as who asked for it', async () => {
  const bench = createBench()
  await bench.given('command-c1', { type: 'CommandReceived', data: receipt(bench, 'healing.stop', { reason: 'careful' }) })
  await bench.clock.advance(ABANDONED_AFTER_MS)
  start(bench)
  await settled()
  expect(await bench.types('command-c1')).toStrictEqual(['CommandReceived', 'CommandSucceeded'])
  const [stopped] = await bench.events('healing-switch-global')
  expect(stopped).toMatchObject({
    type: 'HealingStopped',
    data: { by: 'mira', reason: 'careful' },
    metadata: { commandId: 'c1', actor: 'key', correlationId: 'correlation' },
  })
})

test('what was done before the crash is not done again', async () => {
  const bench = createBench()
  await bench.given('command-c1', { type: 'CommandReceived', data: receipt(bench, 'healing.stop', { reason: 'careful' }) })
  const cause = { actor: 'key', commandId: 'c1', correlationId: 'r', causationId: 'c1' }
  await bench.handle(
    {
      aggregate: 'healing-switch',
      id: 'global',
      command: { type: 'StopHealing', data: { by: 'mira', reason: 'careful', now: bench.clock.now() } },
    },
    cause,
  )
  await bench.given('healing-switch-global', { type: 'HealingResumed', data: { by: 'tom', at: bench.clock.now() } })
  await bench.clock.advance(ABANDONED_AFTER_MS)
  start(bench)
  await settled()
  expect(await bench.types('command-c1')).toStrictEqual(['CommandReceived', 'CommandSucceeded'])
  expect(await bench.types('healing-switch-global')).toStrictEqual(['HealingStopped', 'HealingResumed'])
})

test('a refusal is its outcome, and a revision that the caller saw still binds', async () => {
  const bench = createBench()
  const body = { id: 'h', reason: 'gone' }
  await bench.given('command-c1', { type: 'CommandReceived', data: receipt(bench, 'hosts.retire', body, { expectedRevision: '4' }) })
  await bench.clock.advance(ABANDONED_AFTER_MS)
  start(bench)
  await settled()
  expect((await bench.events('command-c1')).at(-1)).toMatchObject({
    type: 'CommandFailed',
    data: { refusal: { rule: 'concurrency-conflict', facts: { expected: '4', actual: 'no-stream' } } },
  })
})

test('commands that others may still be working on are left to them', async () => {
  const bench = createBench()
  const { asked } = start(bench, () => [])
  await settled()
  expect(asked).toStrictEqual(['2026-11-21T09:59:30.000Z'])
  await bench.clock.advance(ABANDONED_AFTER_MS)
  expect(asked).toStrictEqual(['2026-11-21T09:59:30.000Z', '2026-11-21T10:00:00.000Z'])
})

test('one that cannot be run is said once, and the others are run', async () => {
  const bench = createBench()
  await bench.given('command-c1', { type: 'CommandReceived', data: receipt(bench, 'no.such-command', {}) })
  await bench.given('command-c2', {
    type: 'CommandReceived',
    data: receipt(bench, 'healing.stop', { reason: 'x' }, { commandId: 'c2' }),
  })
  await bench.clock.advance(ABANDONED_AFTER_MS)
  start(bench, () => ['c1', 'c2'])
  await bench.clock.advance(3 * ABANDONED_AFTER_MS)
  expect(bench.logged.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { commandId: 'c1' } }])
  expect(await bench.types('command-c2')).toStrictEqual(['CommandReceived', 'CommandSucceeded'])
})

test('a read model that is away is asked again later', async () => {
  const bench = createBench()
  let calls = 0
  const { asked } = start(bench, () => {
    calls += 1
    if (calls === 1) throw new Error('the database is away')
    return []
  })
  await bench.clock.advance(ABANDONED_AFTER_MS)
  expect(asked).toHaveLength(2)
})

test('every operator command can be run again by its name', () => {
  const { commands } = start(createBench(), () => [])
  const { byName, configuration, ...all } = commands
  const { startDiscovery, importServers, applyConfiguration, undoConfiguration } = configuration
  expect(byName.size).toBe(Object.keys({ ...all, startDiscovery, importServers, applyConfiguration, undoConfiguration }).length)
})
