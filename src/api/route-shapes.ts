/**
 * What most routes have alike, to begin a route with: `defineRoute({ ...aThing, path, ... })`. What follows in the route wins. Where it is, who may
 * use it and what it answers each route says itself, and no shape has a permission.
 */
import { z } from 'zod'
import { idParam, none, pageOf, readQuery } from './schemas/common.ts'

/** Asks the read models, or how something is. */
export const aQuery = {
  method: 'GET',
  kind: 'query',
  rateClass: 'read',
  params: none,
  body: none,
  refusals: [],
} as const

/** A page for people, or a file of one: for everybody, and by itself it tells nothing. */
export const aPublicPage = {
  method: 'GET',
  tag: 'system',
  permission: 'public',
  kind: 'query',
  rateClass: 'public',
  params: none,
  query: none,
  refusals: [],
} as const

export const contentOf = (...mediaTypes: readonly [string, ...string[]]) =>
  ({ status: 200, schema: z.string(), example: '', mediaTypes }) as const

/** One page of many things; `query` extends `listQuery`. */
export const aList = { ...aQuery, refusals: ['invalid-cursor'] } as const

/** One thing by its id. */
export const aThing = { ...aQuery, params: idParam, query: readQuery, refusals: ['not-found'] } as const

export const aCommand = {
  method: 'POST',
  kind: 'command',
  rateClass: 'command',
  params: none,
  query: none,
  body: none,
} as const

/** A command about one thing, named by its id. */
export const aCommandOnOne = { ...aCommand, params: idParam } as const

/** What a list answers with. */
export const aPageOf = <Item extends z.ZodType>(item: Item, example: z.input<Item>) => ({
  status: 200 as const,
  schema: pageOf(item),
  example: { items: [example], next_cursor: null, position: '4711' },
})
