/** JSON inside a line: short, but nothing left out. */
import { jsonText } from '../screen/json-text.ts'
import { shortId } from '../screen/table.ts'

export const valueText = (value: unknown): string => (typeof value === 'string' ? value : jsonText(value, 0))

/** `name=value` of each member. */
export const factsText = (facts: Readonly<Record<string, unknown>>): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(', ')

/** Who acted: Steward itself, or a key by the end of its id. */
export const actorText = (actor: string): string => (isKey(actor) ? `key ${shortId(actor)}` : actor)

/** Keys act under their ids; Steward and its parts under names. */
export const isKey = (actor: string): boolean => /^[0-9a-f-]{36}$/.test(actor)

export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

const MIB = 1_048_576
export const sizeText = (bytes: number): string =>
  bytes < 1_024 * MIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / (1_024 * MIB)).toFixed(1)} GiB`
