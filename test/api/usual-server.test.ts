/** What the installation says goes for what a registration leaves out, and for nothing that stands already. */
import { expect, test } from 'vitest'
import { changedConfig, configOf } from '../../src/api/schemas/server-config.ts'
import { serverDefaults } from '../../src/domain/server/config.ts'

const transport = { kind: 'stdio' as const, command: 'npx', args: ['-y', 'a@1.0.0'], env: {} }
const { autoRestart: _a, startTimeoutMs: _b, stopGraceMs: _c, healthEveryMs: _d, ...given } = { ...serverDefaults, transport }
const usual = {
  autoRestart: false,
  startTimeoutMs: 90_000,
  stopGraceMs: 10_000,
  healthEveryMs: 2_000,
  limits: { memoryBytes: 2 ** 30, cpuCores: 0.8 },
}

test('what a registration leaves out is as the installation says', () => {
  expect(configOf(given, 'files', usual)).toMatchObject({ ...usual, displayName: 'files', callTimeoutMs: 30_000 })
})

test('what it says itself stands', () => {
  const said = {
    autoRestart: true,
    startTimeoutMs: 1_000,
    stopGraceMs: 0,
    healthEveryMs: 5_000,
    limits: { memoryBytes: 2 ** 25, openFiles: 64 },
  }
  expect(configOf({ ...given, ...said }, 'files', usual)).toMatchObject({ ...said, limits: { ...said.limits, cpuCores: 0.8 } })
})

test('a change of something else gives no limit to a server that has none', () => {
  const before = configOf(given, 'files', serverDefaults)
  expect(changedConfig(before, { callTimeoutMs: 60_000 }, 'files', usual)).toStrictEqual({ ...before, callTimeoutMs: 60_000 })
})

test('what is taken away has the value of the installation again', () => {
  const before = configOf({ ...given, limits: { memoryBytes: 2 ** 25 } }, 'files', serverDefaults)
  const after = changedConfig(before, { startTimeoutMs: null, limits: { memoryBytes: null } }, 'files', usual)
  expect(after).toStrictEqual({ ...before, startTimeoutMs: 90_000, limits: { memoryBytes: 2 ** 30 } })
})
