import { expect, test } from 'vitest'
import { sightOf } from '../../../src/domain/catalogue/supervisor-sights.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { server } from '../../../src/domain/server/server.ts'
import { failed, now, registered, running, scheduled, serverId, starting, told, wanted } from '../server/given.ts'

const seen = (...events: readonly ServerEvent[]) => {
  const last = events.at(-1)
  return last && sightOf(last, events.reduce(server.evolve, server.initialState))?.saw
}
const failure = failed({ wasRunning: false, failedStarts: 3, crashes: 0 })
const outOfMemory: ServerEvent =
  failure.type === 'ServerFailed' ? { ...failure, data: { ...failure.data, reason: 'out-of-memory', wasRunning: true } } : failure
const begun = (changes: Partial<ServerConfig> = {}) => [registered(changes), wanted, starting()]
const disabled = (by: string, because: 'operator' | 'failures'): ServerEvent => ({ type: 'ServerDisabled', data: { ...told, by, because } })
const exhausted: ServerEvent = { type: 'ServerRestartBudgetExhausted', data: { serverId, crashes: 11, at: now } }

test('the supervisor acts first: a failure that it answers with a restart is nothing to see', () => {
  expect(seen(...begun(), failure)).toBeUndefined()
  expect(seen(...begun(), failure, scheduled(1))).toBeUndefined()
})

test('given up starting, and given up restarting, are two things', () => {
  expect(seen(...begun(), failure, disabled('steward', 'failures'))).toBe('gave-up-starting')
  expect(seen(...begun(), running(), failure, exhausted)).toBe('gave-up-restarting')
})

test('what people disable, or healing itself, has not been given up', () => {
  expect(seen(...begun(), failure, disabled('mira', 'operator'))).toBeUndefined()
  expect(seen(...begun(), failure, disabled('healing', 'failures'))).toBeUndefined()
})

test('a server that may not be restarted is given up when it fails', () => {
  expect(seen(...begun({ autoRestart: false }), failure)).toBe('gave-up-starting')
  expect(seen(...begun({ autoRestart: false }), running(), failed({ wasRunning: true, failedStarts: 0, crashes: 1 }))).toBe(
    'gave-up-restarting',
  )
})

test('a kill by the kernel is seen at once, and stays one fault when the server is given up for it', () => {
  expect(seen(...begun(), running(), outOfMemory)).toBe('killed-for-memory')
  expect(seen(...begun(), running(), outOfMemory, exhausted)).toBe('killed-for-memory')
  expect(seen(...begun(), outOfMemory, disabled('steward', 'failures'))).toBe('killed-for-memory')
})

test('another definition of an approved tool is seen, a new tool is not', () => {
  const quarantined = (reason: 'new' | 'changed'): ServerEvent => ({
    type: 'ToolQuarantined',
    data: { serverId, tool: 'read', hash: 'h', reason, changed: [], hidden: [], at: now },
  })
  expect(seen(...begun(), quarantined('changed'))).toBe('tool-changed')
  expect(seen(...begun(), quarantined('new'))).toBeUndefined()
})
