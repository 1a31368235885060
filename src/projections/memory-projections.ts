/** The same folds without a database, one event at a time: for the simulation, and for tests of what a read model shows. */
import type { Recorded } from '../domain/events.ts'
import type { ReadModel, Row, SharedEvent } from './projection.ts'
import { wants } from './projection.ts'

export interface MemoryProjections<Models extends readonly ReadModel[]> {
  /** Takes one event into every read model that wants it. @throws what a fold throws: the read model stays as it was. */
  apply(event: Recorded): void
  /** In the order in which they were first made. */
  rows<Name extends Models[number]['name']>(name: Name): readonly RowOf<Models, Name>[]
}

export type RowOf<Models extends readonly ReadModel[], Name extends string> =
  Extract<Models[number], { name: Name }> extends ReadModel<string, infer R> ? R : never

export function createMemoryProjections<const Models extends readonly ReadModel[]>(models: Models): MemoryProjections<Models> {
  const tables = new Map<string, Map<string, Row>>(models.map(({ name }) => [name, new Map()]))
  const tableOf = (name: string): Map<string, Row> => {
    const table = tables.get(name)
    if (!table) throw new RangeError(`there is no read model ${name} here`)
    return table
  }

  return {
    apply(event) {
      const shared: SharedEvent = { recorded: event, decoded: () => event }
      for (const model of models) {
        if (!wants(model, event.type)) continue
        const table = tableOf(model.name)
        const batch = model.open([shared])
        const { upserts, deletes, poison } = batch.fold(batch.keys.map((key) => table.get(key)).filter((row) => row !== undefined))
        if (poison) throw poison.cause
        for (const [key, row] of upserts) table.set(key, row)
        for (const key of deletes) table.delete(key)
      }
    },
    rows<Name extends Models[number]['name']>(name: Name) {
      // The table of a name was filled by the model of that name, and by nobody else.
      return [...tableOf(name).values()] as RowOf<Models, Name>[]
    },
  }
}
