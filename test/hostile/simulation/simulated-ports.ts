/** The ports of one simulated instance: what the database would hold lives in the world and outlives it, what a session holds dies with it. */
import { readEffectStream } from '../../../src/commands/effect-stream.ts'
import { readProcessStream } from '../../../src/commands/process-stream.ts'
import type { Recorded } from '../../../src/domain/events.ts'
import type { Agenda, DueTimer, OpenEffect } from '../../../src/domain/ports/agenda.ts'
import type { Checkpoints } from '../../../src/domain/ports/checkpoints.ts'
import type { Position, StreamName } from '../../../src/domain/ports/event-store.ts'
import type { Leases } from '../../../src/domain/ports/leases.ts'
import type { Life } from './life.ts'
import type { Random } from './random.ts'

/** Which life holds which lease. */
export type HeldLeases = Map<string, Life>

export const leasesOf = (life: Life, held: HeldLeases): Leases => ({
  tryHold: (name) =>
    life.at('hold lease', async () => {
      const holder = held.get(name)
      if (holder && !holder.dead) return undefined
      held.set(name, life)
      return { name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => void held.delete(name) }
    }),
  isHeld: (name) =>
    life.at('ask lease', async () => {
      const holder = held.get(name)
      return holder !== undefined && !holder.dead
    }),
})

export type CheckpointTable = { positions: Map<string, Position>; owners: Map<string, Life> }

export const checkpointsOf = (life: Life, table: CheckpointTable): Checkpoints => ({
  load: (name) => life.at('load checkpoint', async () => table.positions.get(name)),
  async claim(name, from, work) {
    const claimed = await life.at('claim checkpoint', async () => {
      const owner = table.owners.get(name)
      if (owner && !owner.dead) return 'busy'
      if (table.positions.get(name) !== from) return 'moved'
      table.owners.set(name, life)
      return 'mine'
    })
    if (claimed === 'busy' || claimed === 'moved') return claimed
    try {
      const position = await work()
      await life.at('move checkpoint', async () => table.positions.set(name, position))
      return 'done'
    } finally {
      if (table.owners.get(name) === life) table.owners.delete(name)
    }
  },
})

/** Derived from the log as it was a moment ago: the read models lag. */
export const agendaOf = (life: Life, log: () => readonly Recorded[], random: Random): Agenda => {
  const seen = (): ReadonlyMap<StreamName, readonly Recorded[]> => {
    const all = log()
    return Map.groupBy(all.slice(0, all.length - random.below(Math.min(all.length, 3))), (event) => event.stream)
  }
  return {
    openEffects: () =>
      life.at('open effects', async () => {
        const streams = seen()
        return [...streams.values()].flatMap((events): OpenEffect[] =>
          [...readProcessStream(events).effects.values()].flatMap(({ data }) => {
            const state = readEffectStream(streams.get(`effect-${data.effectId}`) ?? [])
            if (state.kind === 'ended') return []
            const { effectId, process, instance, request } = data
            const claim = state.kind === 'started' ? state : { runnerId: undefined, deadlineAt: undefined }
            return [{ effectId, process, instance, kind: request.kind, runnerId: claim.runnerId, deadlineAt: claim.deadlineAt }]
          }),
        )
      }),
    dueTimers: (now) =>
      life.at('due timers', async () =>
        [...seen().values()].flatMap((events): DueTimer[] =>
          [...readProcessStream(events).pendingTimers.values()].map(({ data }) => data).filter(({ dueAt }) => dueAt <= now),
        ),
      ),
    openCommands: async () => [],
  }
}
