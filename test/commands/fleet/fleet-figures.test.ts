import { expect, test } from 'vitest'
import { createFleetVitals } from '../../../src/commands/fleet/fleet-figures.ts'
import type { GroupUsage } from '../../../src/domain/ports/process-usage.ts'
import { createFleetBench, start } from './fleet-bench.ts'

async function runningServer(usageOf: (group: number) => GroupUsage) {
  const bench = createFleetBench()
  const { supervisor } = bench.start()
  await bench.register()
  await bench.ask(start)
  const state = supervisor.server('s-1')?.state
  const usage = { ofGroups: async (groups: ReadonlySet<number>) => new Map([...groups].map((group) => [group, usageOf(group)])) }
  const vitals = createFleetVitals({ supervisor, clientsOf: () => 3, usage, clock: bench.clock })
  return { ...vitals, clock: bench.clock, server: state?.name ?? '', pid: state?.run?.process?.pid ?? -1 }
}

test('the supervisor tells breaker, clients, memory and processor time of its servers, by the names that operators gave', async () => {
  const { of, all, figures, server, pid } = await runningServer((group) => ({ memoryBytes: group * 1_000, cpuSeconds: 2.5 }))
  const vitals = { breaker: 'closed', clients: 3, memoryBytes: pid * 1_000, cpuSeconds: 2.5, cpuPercent: null }
  expect(await of('s-1')).toEqual(vitals)
  expect(await all()).toEqual(new Map([['s-1', vitals]]))
  expect(await figures.read(AbortSignal.timeout(5_000))).toEqual([
    { gauge: 'steward_server_breaker_open', labels: { server }, value: 0 },
    { gauge: 'steward_server_clients', labels: { server }, value: 3 },
    { gauge: 'steward_server_memory_bytes', labels: { server }, value: pid * 1_000 },
    { gauge: 'steward_server_cpu_seconds_total', labels: { server }, value: 2.5 },
  ])
  expect(await of('nobody')).toBeUndefined()
})

test('what no machine tells is absent, not 0', async () => {
  const bench = createFleetBench()
  const { supervisor } = bench.start()
  await bench.register()
  await bench.rest()
  const usage = { ofGroups: async () => new Map() }
  const { of, figures } = createFleetVitals({ supervisor, clientsOf: () => 0, usage, clock: bench.clock })
  expect(await of('s-1')).toMatchObject({ memoryBytes: null, cpuSeconds: null, cpuPercent: null })
  const told = await figures.read(AbortSignal.timeout(5_000))
  expect(told.map(({ gauge }) => gauge)).toEqual(['steward_server_breaker_open', 'steward_server_clients'])
})
