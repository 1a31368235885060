/** The read models as the API shows them and as operators' commands work on them. */
import type { ReadModels as ReadModelsOfApi } from './api/application.ts'
import type { ProjectionAdministration } from './commands/operator/administration-commands.ts'
import type { ReadModels } from './projections/read-models.ts'

type Status = ReturnType<ReadModels['status']>[number]

export const shownReadModels = (readModels: ReadModels): ReadModelsOfApi => ({
  projections: async () =>
    readModels.status().map(({ name, version, state, rebuilding, position, caughtUp, lagSeconds, parked }) => ({
      name,
      version,
      state: stateOf({ state, rebuilding }),
      position: position === 0n ? null : position,
      caughtUp,
      lagSeconds,
      parkedBecause: parked?.cause ?? null,
    })),
  async parkedInstances() {
    const { items } = await readModels.queries.parkedInstances.list({ limit: 500 })
    return items.map(({ process, instance, position, eventId, cause, at }) => ({
      ...{ process, instance, eventId, cause, at },
      position: String(position),
    }))
  },
})

function stateOf({ state, rebuilding }: Pick<Status, 'state' | 'rebuilding'>): 'live' | 'rebuilding' | 'parked' {
  if (state === 'parked') return 'parked'
  return rebuilding || state === 'starting' || state === 'outdated' ? 'rebuilding' : 'live'
}

export const administeredReadModels = (readModels: ReadModels): ProjectionAdministration => ({
  async rebuild(name) {
    const { projection, version, build, events, position, durationMs } = await readModels.rebuild(name)
    return { projection, version, build, events, position, durationMs }
  },
  async verify(name) {
    const { projection, equal, position, rows, different, differences } = await readModels.verify(name)
    // The keys are enough to look the rows up; their contents do not belong into an event.
    return { projection, equal, position, rows, different, differingKeys: differences.map(({ key }) => key) }
  },
})
