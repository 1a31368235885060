/**
 * One text per JSON value (RFC 8785), so that a hash of it is a hash of the value: members sorted by UTF-16 code units, numbers and
 * strings as ECMAScript writes them, nothing in between.
 */
import type { Json } from './ports/json.ts'

/** @throws TypeError naming the place of a value that is no JSON, or of a lone surrogate: neither has a canonical form. */
export const canonicalJson = (value: Json): string => write(value, '$')

function write(value: Json, place: string): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value, place)
  if (typeof value === 'number') {
    // `JSON.stringify` would write null for these, and two different plans would have one hash.
    if (!Number.isFinite(value)) throw new TypeError(`${place} is ${value}, which JSON cannot hold`)
    return JSON.stringify(value)
  }
  if (isList(value)) return `[${Array.from(value, (item, index) => write(item, `${place}[${index}]`)).join(',')}]`
  if (typeof value !== 'object' || !isPlain(value)) throw new TypeError(`${place} is no JSON value`)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${writeString(name, place)}:${write(member, `${place}.${name}`)}`).join(',')}}`
}

function writeString(text: string, place: string): string {
  // RFC 8785 section 3.2.2.2: a lone surrogate is an error, not something to write somehow.
  if (!text.isWellFormed()) throw new TypeError(`${place} holds a lone surrogate`)
  return JSON.stringify(text)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** Dates, maps and instances of classes have own ideas of their JSON; only plain objects have one that everybody shares. */
const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
