/** The shapes that many routes share: ids, positions, times, pages, answers to commands. Numbers of the log travel as decimal strings. */
import { z } from 'zod'
import { type Instant, instant } from '../../domain/instant.ts'
import type { Answer, Page } from '../../projections/queries/index.ts'
import { ApiError } from '../api-error.ts'
import type { Outcome } from '../operator-commands.ts'

export const none = z.strictObject({})

/** Ids are made by Steward (UUIDs, names of actions); this only keeps out what cannot be one. */
export const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be an id')
export const idParam = z.strictObject({ id: id.describe('Id of the object.') })

const MAX_POSITION = 2n ** 64n - 1n
const digits = /^\d{1,20}$/

/** A position or revision of the log, sent as a decimal string: it can be larger than a JSON number holds. */
export const position = z
  .string()
  .regex(digits, 'must be a position: decimal digits')
  .transform(BigInt)
  .refine((value) => value <= MAX_POSITION, 'is larger than any position')
export const positionText = z.string().regex(digits).describe('Decimal string.')

export const time = z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601 with Z or an offset' }).transform(toInstant)
export const timeText = z.iso.datetime().describe('ISO 8601, UTC.')

function toInstant(text: string): Instant {
  return instant(new Date(text).toISOString())
}

/** One line of text by a person: a name, a reason. No control characters, nothing that rearranges a screen. */
export const line = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(maxLength)
    .refine((text) => !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text), 'must not hold control characters')

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be letters, digits, dots, underscores and hyphens, 63 at most, a letter or digit first')

export const reason = line(500)
/** Where a reason is welcome but not needed. */
export const withReason = z.strictObject({ reason })

export const MAX_LIMIT = 100
export const MAX_EVENTS = 500

export const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).readonly()

const whole = (schema: z.ZodInt) =>
  z.preprocess((text) => (typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text), schema)

export const limitUpTo = (max: number, usual: number) => whole(z.int().min(1).max(max)).default(usual)
export const offset = whole(z.int().min(0).max(100_000)).default(0)
export const minPosition = position.optional().describe('Waits until the read model has reached this position, or answers 503.')

export const readQuery = z.strictObject({ min_position: minPosition })
/** Of every list of a read model. */
export const listQuery = z.strictObject({
  limit: limitUpTo(MAX_LIMIT, 20),
  cursor: z.string().max(512).optional().describe('`next_cursor` of the page before.'),
  min_position: minPosition,
})
/** Of the lists that the source documents have too: page numbers instead of a cursor, and then a total. */
export const pagedListQuery = listQuery.extend({
  page: whole(z.int().min(1).max(10_000)).optional(),
  page_size: whole(z.int().min(1).max(MAX_LIMIT)).optional(),
})
export const pageQuery = z.strictObject({ page: whole(z.int().min(1).max(10_000)).default(1), page_size: limitUpTo(MAX_LIMIT, 20) })

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: listOf(item),
    next_cursor: z.string().nullable().describe('Null on the last page.'),
    position: positionText.describe('The read model is complete up to here.'),
    total: z.int().optional().describe('Only with page numbers.'),
  })

export const outcome = z
  .object({ id: z.string(), position: positionText, commandId: z.string() })
  .meta({ id: 'Outcome', description: 'A command that was accepted: what it was about, and the position of its last event.' })

export const exampleId = '0199f0a0-0000-7000-8000-000000000001'
export const exampleOutcome = { id: exampleId, position: '4711', commandId: '0199f0a0-0000-7000-8000-000000000002' }
export const exampleTime = '2026-11-21T10:30:00.000Z'

export const outcomeJson = ({ id, position, commandId }: Outcome) => ({ id, position: String(position), commandId })

export const pageJson = <View, Json>({ items, nextCursor, position, total }: Page<View>, json: (view: View) => Json) => ({
  items: items.map(json),
  next_cursor: nextCursor ?? null,
  position: String(position),
  ...(total === undefined ? {} : { total }),
})

export const readOptions = ({ min_position: minPosition }: { min_position?: bigint | undefined }) => ({ minPosition })

type ListQuery = Readonly<{
  limit: number
  cursor?: string | undefined
  min_position?: bigint | undefined
  page?: number | undefined
  page_size?: number | undefined
}>

export function listOptions(query: ListQuery) {
  const { limit, cursor, page, page_size } = query
  if (page === undefined && page_size === undefined) return { limit, cursor, ...readOptions(query) }
  const size = page_size ?? limit
  return { limit: size, offset: ((page ?? 1) - 1) * size, withTotal: true, ...readOptions(query) }
}

/** An answer about one thing, or 404. */
export function found<Value, Json>(
  { value, position }: Answer<(Value & { readonly revision: bigint }) | undefined>,
  json: (value: Value) => Json,
) {
  if (value === undefined) throw new ApiError('not-found')
  return { json: json(value), revision: value.revision, position }
}

/** An outcome as the answer of a command. */
export const accepted = (result: Outcome) => ({ json: outcomeJson(result), revision: result.revision })

export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
export const names = z
  .string()
  .max(2_000)
  .transform((text) => text.split(',').filter((part) => part !== ''))
  .describe('Separated by commas.')
