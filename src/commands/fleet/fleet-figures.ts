/** What only the instance that supervises can tell of servers, as figures: their breakers, their clients, their memory. Another instance tells none. */
import type { Figure, FigureSource } from '../../domain/ports/metrics.ts'
import type { ProcessMemory } from '../../domain/ports/process-memory.ts'
import type { Breaker } from '../../domain/server/breaker.ts'
import type { Supervisor } from './supervisor.ts'

const gauges = ['steward_server_breaker_open', 'steward_server_clients', 'steward_server_memory_bytes'] as const
export type FleetGauge = (typeof gauges)[number]

/** Of one server, while this instance supervises it. */
export type ServerVitals = Readonly<{
  breaker: Breaker['situation']
  /** Sessions of clients, and lines that are held for one client alone. */
  clients: number
  /** Of its process group; null where nobody can tell. */
  memoryBytes: number | null
}>

export type FleetVitals = Readonly<{
  of: (serverId: string) => Promise<ServerVitals | undefined>
  figures: FigureSource<FleetGauge>
}>

export type FleetVitalsOptions = Readonly<{
  supervisor: Pick<Supervisor, 'server' | 'all'>
  clientsOf: (serverId: string) => number
  memory: ProcessMemory
}>

export function createFleetVitals({ supervisor, clientsOf, memory }: FleetVitalsOptions): FleetVitals {
  return {
    async of(serverId) {
      const managed = supervisor.server(serverId)
      if (managed?.state === undefined) return undefined
      const pid = managed.state.run?.process?.pid
      const taken = pid === undefined ? undefined : (await memory.ofGroups(new Set([pid]))).get(pid)
      return { breaker: managed.breaker.situation, clients: clientsOf(serverId), memoryBytes: taken ?? null }
    },
    figures: {
      name: 'fleet',
      gauges,
      async read() {
        const servers = supervisor.all().flatMap(({ serverId, breaker, state }) => {
          return state === undefined ? [] : [{ serverId, breaker, server: state.name, pid: state.run?.process?.pid }]
        })
        const taken = await memory.ofGroups(new Set(servers.flatMap(({ pid }) => pid ?? [])))
        return servers.flatMap(({ serverId, server, breaker, pid }): Figure<FleetGauge>[] => {
          const bytes = pid === undefined ? undefined : taken.get(pid)
          return [
            { gauge: 'steward_server_breaker_open', labels: { server }, value: breaker.situation === 'closed' ? 0 : 1 },
            { gauge: 'steward_server_clients', labels: { server }, value: clientsOf(serverId) },
            ...(bytes === undefined ? [] : [{ gauge: 'steward_server_memory_bytes' as const, labels: { server }, value: bytes }]),
          ]
        })
      },
    },
  }
}
