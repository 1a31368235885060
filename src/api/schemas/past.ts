/** A moment of the past, as a position of the log or as a time. */
import { z } from 'zod'
import type { Instant } from '../../domain/instant.ts'
import type { Position } from '../../domain/ports/event-store.ts'
import { position, time } from './common.ts'

export type At = Readonly<{ position: Position }> | Readonly<{ time: Instant }>

export const at: z.ZodType<At, string> = z.union(
  [position.transform((value) => ({ position: value })), time.transform((value) => ({ time: value }))],
  {
    error: 'must be a position (decimal digits) or a time (ISO 8601)',
  },
)
