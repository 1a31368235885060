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
export const actorText = (actor: string): string => (/^[0-9a-f-]{36}$/.test(actor) ? `key ${shortId(actor)}` : actor)
