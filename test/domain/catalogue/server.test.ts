/** What is seen of a managed server, and which of its remedies that calls for. */
import { expect, test } from 'vitest'
import { findAction } from '../../../src/domain/catalogue/catalogue.ts'
import { healthProbe } from '../../../src/domain/catalogue/health.ts'
import type { ServerLook } from '../../../src/domain/catalogue/server/look.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'

const MIB = 1_048_576
const present = 'b'.repeat(64)
const good = 'a'.repeat(64)

/** Disabled by its supervisor after starts that failed; nothing was tried. */
const givenUp: ServerLook = {
  ...{ lifecycle: 'error', intent: 'disabled', supervisor: 'gave-up', because: 'exited', wasRunning: false, crashes: 0, failedStarts: 3 },
  ...{ lists: 'not-running', configuration: present, configurationAgeSeconds: 3_600, lastGood: '', memoryLimitBytes: 0 },
  ...{ present: 'untried', presentBecause: '', lastGoodWorks: 'untried' },
}
const running: ServerLook = { ...givenUp, lifecycle: 'running', intent: 'running', supervisor: 'resting', failedStarts: 0, lists: 'yes' }

const bound = (id: string, params: JsonObject = {}) => {
  const action = findAction(id)?.bind({ serverId: 's-1', ...params })
  if (!action) throw new RangeError(`no action ${id}`)
  return action
}
const output = (look: ServerLook) => ({ kind: 'value', value: look }) as const
const proves = (id: string, look: ServerLook, params: JsonObject = {}) => bound(id, params).precondition.judge(output(look)).kind
const cures = (id: string, look: ServerLook) => bound(id).postcondition.judge(output(look)).kind
const riskOf = (id: string, look: ServerLook, params: JsonObject = {}) => bound(id, params).given(output(look))?.risk

const actions = ['server.restart', 'server.disable', 'server.restore-configuration', 'server.raise-memory-limit']

test('nothing is proven by an answer that cannot be read: a trial that did not come to an end is one', () => {
  for (const id of actions) expect(bound(id).precondition.judge({ kind: 'value', value: null })).toStrictEqual({ kind: 'unknown' })
})

test('while the supervisor acts, or nobody has given the server up, no remedy applies', () => {
  const tried = { present: 'works', lastGood: good, lastGoodWorks: 'works', because: 'out-of-memory', memoryLimitBytes: 64 * MIB } as const
  for (const supervisor of ['acting', 'resting'] as const) {
    for (const id of actions) {
      const params = id === 'server.raise-memory-limit' ? { ceilingBytes: 1_024 * MIB } : {}
      expect(proves(id, { ...givenUp, ...tried, wasRunning: true, supervisor }, params)).toBe('does-not-hold')
    }
  }
})

test('a restart is for a server that starts when it is tried', () => {
  expect(proves('server.restart', { ...givenUp, present: 'works' })).toBe('holds')
  expect(proves('server.restart', { ...givenUp, present: 'fails', presentBecause: 'exited' })).toBe('does-not-hold')
})

test('an earlier configuration is for a server that does not start with the present one, and starts with that', () => {
  const broken = { ...givenUp, lastGood: good, present: 'fails', presentBecause: 'exited', lastGoodWorks: 'works' } as const
  expect(proves('server.restore-configuration', broken)).toBe('holds')
  expect(proves('server.restore-configuration', { ...broken, lastGoodWorks: 'fails' })).toBe('does-not-hold')
  expect(proves('server.restore-configuration', { ...broken, lastGood: '', lastGoodWorks: 'untried' })).toBe('does-not-hold')
  expect(proves('server.restore-configuration', { ...broken, present: 'works' })).toBe('does-not-hold')
  // It starts, and falls over once it runs.
  expect(proves('server.restore-configuration', { ...broken, present: 'works', wasRunning: true })).toBe('holds')
})

test('a configuration that somebody changed a moment ago is not replaced without a person', () => {
  const broken = { ...givenUp, lastGood: good, present: 'fails', lastGoodWorks: 'works' } as const
  expect(riskOf('server.restore-configuration', broken)).toBe('medium')
  expect(riskOf('server.restore-configuration', { ...broken, configurationAgeSeconds: 60 })).toBe('high')
})

test('a server that is disabled already is not disabled again', () => {
  const broken = { ...givenUp, present: 'fails' } as const
  expect(proves('server.disable', { ...broken, intent: 'stopped' })).toBe('holds')
  expect(proves('server.disable', broken)).toBe('does-not-hold')
})

test('only what the kernel ended for its memory gets a higher limit, whatever the server has written', () => {
  const short = {
    ...givenUp,
    memoryLimitBytes: 64 * MIB,
    because: 'out-of-memory',
    present: 'fails',
    presentBecause: 'out-of-memory',
  } as const
  const limit = { ceilingBytes: 1_024 * MIB }
  expect(proves('server.raise-memory-limit', short, limit)).toBe('holds')
  // It ended by itself, or fails for another reason by now.
  expect(proves('server.raise-memory-limit', { ...short, because: 'exited' }, limit)).toBe('does-not-hold')
  expect(proves('server.raise-memory-limit', { ...short, presentBecause: 'exited' }, limit)).toBe('does-not-hold')
  // It is when it works that it needs more.
  expect(proves('server.raise-memory-limit', { ...short, present: 'works', presentBecause: '', wasRunning: true }, limit)).toBe('holds')
  expect(proves('server.raise-memory-limit', { ...short, present: 'works', presentBecause: '' }, limit)).toBe('does-not-hold')
})

test('a memory limit is given back up to its baseline, and raised beyond it only under the ceiling and by a person', () => {
  const short = {
    ...givenUp,
    memoryLimitBytes: 64 * MIB,
    because: 'out-of-memory',
    present: 'fails',
    presentBecause: 'out-of-memory',
  } as const
  const leaves = (params: JsonObject) => bound('server.raise-memory-limit', params).given(output(short))?.leaves.settings?.['memory-limit']
  expect(leaves({ baselineBytes: 128 * MIB })).toBe(String(128 * MIB))
  expect(riskOf('server.raise-memory-limit', short, { baselineBytes: 128 * MIB })).toBe('medium')
  expect(leaves({ baselineBytes: 64 * MIB })).toBe(String(96 * MIB))
  expect(leaves({ baselineBytes: 64 * MIB, ceilingBytes: 80 * MIB })).toBe(String(80 * MIB))
  expect(riskOf('server.raise-memory-limit', short, { baselineBytes: 64 * MIB })).toBe('high')
  // At the ceiling there is nothing to raise; without a baseline and a ceiling, nothing says how far.
  expect(proves('server.raise-memory-limit', short, { ceilingBytes: 64 * MIB })).toBe('does-not-hold')
  expect(proves('server.raise-memory-limit', short)).toBe('does-not-hold')
})

test('a server runs well when it lists its tools and has not failed since it was asked to run', () => {
  for (const id of actions.filter((each) => each !== 'server.disable')) {
    expect(cures(id, running)).toBe('holds')
    expect(cures(id, { ...running, crashes: 1 })).toBe('does-not-hold')
    expect(cures(id, { ...running, lists: 'no' })).toBe('does-not-hold')
    expect(cures(id, givenUp)).toBe('does-not-hold')
  }
})

test('the health of a server that its supervisor is at work on is not known', () => {
  const target = {
    targetId: 't',
    name: 's',
    hostId: 's-1',
    service: 'server',
    logPaths: [],
    configPaths: [],
    stateDir: 'server-s-1',
  } as const
  const level = (look: ServerLook) => healthProbe(target)?.read(output(look)).level
  expect(level(running)).toBe('up')
  expect(level({ ...running, lists: 'no' })).toBe('degraded')
  expect(level({ ...givenUp, lifecycle: 'starting', supervisor: 'acting' })).toBe('unknown')
  expect(level(givenUp)).toBe('down')
})
