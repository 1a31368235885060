/**
 * The fleet while the service runs, and the order in which it ends: at first nobody calls any more, then its servers end, and last is written what the
 * last calls were. The signals are made here and given to nobody else, so no part of it begins to end before its turn.
 */
import type { UsageRecorder } from './commands/fleet/usage-recorder.ts'
import type { Fleet, FleetGateway } from './service-fleet.ts'

export type FleetLifeParts = Readonly<{
  fleet: Pick<Fleet<FleetGateway>, 'run' | 'close'> & Readonly<{ gateway: Pick<FleetGateway, 'close'> }>
  usage: Pick<UsageRecorder, 'run'>
  samples: Readonly<{ run: (signal: AbortSignal) => Promise<void> }>
  /** Aborts when there is no time left to record anything. */
  drain: AbortSignal
}>

export type FleetLife = Readonly<{
  /** Resolves when nothing of any server is left, and what there was to record is recorded. @throws what could not be ended; the rest has. */
  stop: () => Promise<void>
}>

export function beginFleetLife({ fleet, usage, samples, drain }: FleetLifeParts): FleetLife {
  const servers = new AbortController()
  const records = new AbortController()
  const recording = Promise.all([usage.run({ signal: records.signal, drain }), samples.run(records.signal)])
  const supervising = fleet.run(servers.signal)
  const stopping = (): Error => new Error('Steward stops')
  return {
    async stop() {
      try {
        await fleet.gateway.close()
        servers.abort(stopping())
        await supervising
        await fleet.close()
      } finally {
        servers.abort(stopping())
        records.abort(stopping())
        await recording
      }
    },
  }
}
