/**
 * Sentences of the log as a person reads them. They name things by id and moments in UTC, for both outlive names and zones; on a screen the name of
 * today and the clock on the wall say more. An id without a name is shown by its end, which every command takes for the whole.
 */
import type { NameOf } from '../client/names.ts'
import { localTime } from '../screen/moment.ts'
import { shortId } from '../screen/table.ts'

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
/** A key, and who answers for it. */
const OWNED = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} \(([^()]+)\)/g
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z/g

export const readable = (text: string, nameOf: NameOf): string =>
  text
    .replace(OWNED, '$1')
    .replace(ID, (id) => {
      const name = nameOf(id)
      return name === id ? shortId(id) : name
    })
    .replace(MOMENT, localTime)

/** Categories whose streams are found by the name of what they are about. */
const NAMED: ReadonlySet<string> = new Set(['host', 'target'])

/** `target-shop-db` and `incident-9c1d02ab`: as `stream show` and `replay` take them too. */
export function streamText(stream: string, nameOf: NameOf): string {
  const [, category, id] = /^([a-z-]+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(stream) ?? []
  if (category === undefined || id === undefined) return stream
  return `${category}-${NAMED.has(category) ? readable(id, nameOf) : shortId(id)}`
}
