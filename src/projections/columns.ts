/**
 * Between rows and PostgreSQL. Whatever an event may hold goes in - NUL and lone surrogates, which PostgreSQL has no room for, as U+FFFD -
 * and comes out in one form, whatever parsers the driver was given.
 */
import { instant } from '../domain/instant.ts'
import { cleanJson, cleanText } from './clean-text.ts'
import type { ColumnType, Row } from './projection.ts'

/** `incidentId` -> `incident_id`, as Kysely's CamelCasePlugin does it. */
export function snake(name: string): string {
  const known = snakes.get(name)
  if (known !== undefined) return known
  const made = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  snakes.set(name, made)
  return made
}

/** Every row of every batch asks for the same few names. */
const snakes = new Map<string, string>()

/** Text is compared byte by byte, so that pages follow each other in the same order on every server. */
export const sqlType: Readonly<Record<ColumnType, string>> = {
  text: 'text collate "C"',
  'text[]': 'text[]',
  bigint: 'bigint',
  integer: 'integer',
  'double precision': 'double precision',
  boolean: 'boolean',
  timestamptz: 'timestamptz(3)',
  json: 'jsonb',
}

/** The type of the array that carries a column of a batch through `unnest`; nested values travel as text. */
export const carrier: Readonly<Record<ColumnType, string>> = {
  text: 'text[]',
  'text[]': 'text[]',
  bigint: 'bigint[]',
  integer: 'integer[]',
  'double precision': 'double precision[]',
  boolean: 'boolean[]',
  timestamptz: 'timestamptz[]',
  json: 'text[]',
}

/** What a carried value is cast to, where the carrier does not say it. */
export const unpacked: Readonly<Partial<Record<ColumnType, string>>> = { 'text[]': 'text[]', json: 'jsonb' }

type Carried = string | number | boolean | null

/** @throws UnfitValue */
export function encode(type: ColumnType, value: unknown, column: string): Carried {
  if (value === null) return null
  switch (type) {
    case 'text':
    case 'timestamptz':
      if (typeof value === 'string') return cleanText(value)
      break
    case 'integer':
      if (Number.isInteger(value)) return Number(value)
      break
    case 'double precision':
      if (typeof value === 'number') return value
      break
    case 'bigint':
      if (typeof value === 'bigint') return value.toString()
      break
    case 'boolean':
      if (typeof value === 'boolean') return value
      break
    case 'text[]':
      if (Array.isArray(value)) return arrayLiteral(value, column)
      break
    case 'json': {
      const text = JSON.stringify(value)
      if (text !== undefined) return cleanJson(text)
      break
    }
  }
  throw new UnfitValue({ column, type, value })
}

/** A fold made a value that its column cannot hold. */
export class UnfitValue extends Error {
  override readonly name = 'UnfitValue'
  readonly column: string
  constructor(facts: { column: string; type: ColumnType; value: unknown }) {
    super(`column ${facts.column} is ${facts.type} and cannot hold a value of type ${typeof facts.value}`)
    this.column = facts.column
  }
}

export function decode(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return null
  switch (type) {
    case 'bigint':
      return typeof value === 'bigint' ? value : BigInt(String(value))
    case 'timestamptz':
      return instant((value instanceof Date ? value : new Date(String(value))).toISOString())
    default:
      return value
  }
}

/** A row as it came from the driver, its columns in camel case or snake case. */
export function decodeRow(columns: Readonly<Record<string, ColumnType>>, raw: Row): Row {
  const row: Record<string, unknown> = {}
  for (const name of Object.keys(columns)) {
    const type = columns[name]
    if (type !== undefined) row[name] = decode(type, raw[snake(name)] ?? raw[name])
  }
  return row
}

function arrayLiteral(items: readonly unknown[], column: string): string {
  const quoted = items.map((item) => {
    if (typeof item !== 'string') throw new UnfitValue({ column, type: 'text[]', value: item })
    return `"${cleanText(item).replace(/["\\]/g, '\\$&')}"`
  })
  return `{${quoted.join(',')}}`
}
