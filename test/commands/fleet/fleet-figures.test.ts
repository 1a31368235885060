import { expect, test } from 'vitest'
import { createFleetVitals } from '../../../src/commands/fleet/fleet-figures.ts'
import { createFleetBench, start } from './fleet-bench.ts'

test('the supervisor tells breaker, clients and memory of its servers, by the names that operators gave', async () => {
  const bench = createFleetBench()
  const { supervisor } = bench.start()
  await bench.register()
  await bench.ask(start)
  const managed = supervisor.server('s-1')
  const pid = managed?.state?.run?.process?.pid ?? -1
  const { of, figures } = createFleetVitals({
    supervisor,
    clientsOf: () => 3,
    memory: { ofGroups: async (groups) => new Map([...groups].map((group) => [group, group * 1_000])) },
  })
  const server = managed?.state?.name ?? ''
  expect(await of('s-1')).toEqual({ breaker: 'closed', clients: 3, memoryBytes: pid * 1_000 })
  expect(await figures.read(AbortSignal.timeout(5_000))).toEqual([
    { gauge: 'steward_server_breaker_open', labels: { server }, value: 0 },
    { gauge: 'steward_server_clients', labels: { server }, value: 3 },
    { gauge: 'steward_server_memory_bytes', labels: { server }, value: pid * 1_000 },
  ])
  expect(await of('nobody')).toBeUndefined()
})

test('what no machine tells is absent, not 0', async () => {
  const bench = createFleetBench()
  const { supervisor } = bench.start()
  await bench.register()
  await bench.rest()
  const { of, figures } = createFleetVitals({ supervisor, clientsOf: () => 0, memory: { ofGroups: async () => new Map() } })
  expect(await of('s-1')).toMatchObject({ memoryBytes: null })
  const told = await figures.read(AbortSignal.timeout(5_000))
  expect(told.map(({ gauge }) => gauge)).toEqual(['steward_server_breaker_open', 'steward_server_clients'])
})
