/** The filters over events, one for the list, the export and the live feed. */
import { z } from 'zod'
import { id, names, position, time } from './common.ts'

const text = z.string().min(1).max(300)

/** What the live feed can tell from an event alone. */
export const feedFilter = {
  types: names.optional().describe('Names of event types, separated by commas.'),
  stream: text.optional().describe('Name of a stream.'),
  category: text.optional().describe('What stands before the first dash of a stream, e.g. incident.'),
  correlation_id: id.optional(),
  actor: text.optional(),
}

export const eventFilter = {
  ...feedFilter,
  causation_id: id.optional(),
  command_id: id.optional(),
  from: time.optional(),
  until: time.optional(),
  after: position.optional().describe('Only events behind this position.'),
}

type EventFilterQuery = z.output<z.ZodObject<typeof eventFilter>>

export const eventFilterOf = (query: EventFilterQuery) => ({
  types: query.types,
  stream: query.stream,
  category: query.category,
  actor: query.actor,
  correlationId: query.correlation_id,
  causationId: query.causation_id,
  commandId: query.command_id,
  from: query.from,
  until: query.until,
  after: query.after,
})
