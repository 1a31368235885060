/** What only the instance that supervises can tell of servers: their breakers, their clients, what they take of the machine. Another instance tells none. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Figure, FigureSource } from '../../domain/ports/metrics.ts'
import type { ProcessUsage } from '../../domain/ports/process-usage.ts'
import type { Breaker } from '../../domain/server/breaker.ts'
import type { ManagedServer } from './managed-server.ts'
import { createProcessorTimes } from './processor-time.ts'
import type { Supervisor } from './supervisor.ts'

const gauges = [
  'steward_server_breaker_open',
  'steward_server_clients',
  'steward_server_memory_bytes',
  'steward_server_cpu_seconds_total',
] as const
export type FleetGauge = (typeof gauges)[number]

/** Of one server, while this instance supervises it. */
export type ServerVitals = Readonly<{
  breaker: Breaker['situation']
  /** Sessions of clients, and lines that are held for one client alone. */
  clients: number
  /** Of its process group; null where nobody can tell. */
  memoryBytes: number | null
  /** Processor time of its process groups since this instance supervises it; null where nobody can tell. */
  cpuSeconds: number | null
  /** Of one processor, since it was last asked for; null where nobody can tell, and when it is asked for the first time. */
  cpuPercent: number | null
}>

export type FleetVitals = Readonly<{
  of: (serverId: string) => Promise<ServerVitals | undefined>
  /** Of all servers that this instance supervises, by their ids, in one look at the machine. */
  all: () => Promise<ReadonlyMap<string, ServerVitals>>
  figures: FigureSource<FleetGauge>
}>

export type FleetVitalsOptions = Readonly<{
  supervisor: Pick<Supervisor, 'server' | 'all'>
  clientsOf: (serverId: string) => number
  usage: ProcessUsage
  clock: Clock
}>

export function createFleetVitals({ supervisor, clientsOf, usage, clock }: FleetVitalsOptions): FleetVitals {
  const times = createProcessorTimes()

  async function look(servers: readonly ManagedServer[]): Promise<ReadonlyMap<string, ServerVitals>> {
    const groups = new Set(servers.flatMap(({ state }) => state?.run?.process?.pid ?? []))
    const taken = await usage.ofGroups(groups)
    const at = clock.now()
    return new Map(
      servers.flatMap(({ serverId, breaker, state }): readonly [string, ServerVitals][] => {
        if (state === undefined) return []
        const { run } = state
        const group = run?.process === undefined ? undefined : taken.get(run.process.pid)
        const time =
          run === undefined || group === undefined
            ? times.of(serverId)
            : times.take({ serverId, runId: run.runId, cpuSeconds: group.cpuSeconds, at })
        const vitals = {
          ...{ breaker: breaker.situation, clients: clientsOf(serverId), memoryBytes: group?.memoryBytes ?? null },
          ...{ cpuSeconds: time?.seconds ?? null, cpuPercent: time?.percent ?? null },
        }
        return [[serverId, vitals]]
      }),
    )
  }

  async function all(): Promise<ReadonlyMap<string, ServerVitals>> {
    const servers = supervisor.all()
    times.keep(new Set(servers.map(({ serverId }) => serverId)))
    return look(servers)
  }

  return {
    async of(serverId) {
      const managed = supervisor.server(serverId)
      return managed && (await look([managed])).get(serverId)
    },
    all,
    figures: {
      name: 'fleet',
      gauges,
      async read() {
        const found = await all()
        return [...found].flatMap(([serverId, vitals]) => {
          const server = supervisor.server(serverId)?.state?.name
          return server === undefined ? [] : figuresOf(server, vitals)
        })
      },
    },
  }
}

function figuresOf(server: string, { breaker, clients, memoryBytes, cpuSeconds }: ServerVitals): readonly Figure<FleetGauge>[] {
  const labels = { server }
  return [
    { gauge: 'steward_server_breaker_open', labels, value: breaker === 'closed' ? 0 : 1 },
    { gauge: 'steward_server_clients', labels, value: clients },
    ...(memoryBytes === null ? [] : [{ gauge: 'steward_server_memory_bytes' as const, labels, value: memoryBytes }]),
    ...(cpuSeconds === null ? [] : [{ gauge: 'steward_server_cpu_seconds_total' as const, labels, value: cpuSeconds }]),
  ]
}
