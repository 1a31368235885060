import { afterEach, beforeEach, expect, test } from 'vitest'
import { countConnections } from '../../../src/adapters/ssh/figures.ts'
import { startPracticeHost } from '../../../src/adapters/ssh/practice-host.ts'
import { createBench } from '../../commands/support/bench.ts'
import { type HostUnderTest, openHostUnderTest } from '../../contract/support/host-under-test.ts'
import { until } from '../../support/until.ts'

let current: HostUnderTest
beforeEach(async () => {
  current = await openHostUnderTest({ start: (dir) => startPracticeHost({ dir }) })
})
afterEach(() => current[Symbol.asyncDispose]())

test('connections are counted while they are open, and attempts by what became of them', async () => {
  const { metrics, figures } = createBench()
  const hosts = current.another({ observer: countConnections(metrics) })
  const { line } = current
  const host = hosts.open(current.address({ address: line.host, port: line.port }))
  const ask = () => host.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 2_000 })
  const open = () => figures.filter((figure) => figure.startsWith('steward_ssh_connections ')).at(-1)
  expect(open()).toBe('steward_ssh_connections 0')
  await ask()
  await ask()
  expect(open()).toBe('steward_ssh_connections 1')
  expect(figures.filter((figure) => figure.includes('connected'))).toStrictEqual(['steward_ssh_connects_total connected 1'])
  await line.stop()
  await until(() => open() === 'steward_ssh_connections 0')
  await expect(ask()).rejects.toThrow('refused')
  expect(figures.at(-1)).toBe('steward_ssh_connects_total refused 1')
  await line.start()
  await ask()
  expect(open()).toBe('steward_ssh_connections 1')
  await hosts.close()
  await until(() => open() === 'steward_ssh_connections 0')
})
