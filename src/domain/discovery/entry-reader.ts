/** Reads the members of an entry that came from outside, each once: what was never asked for is told at the end, so that nothing is dropped in silence. */
import type { Json, JsonObject } from '../ports/json.ts'
import type { Remark } from './found.ts'

export type EntryReader = Readonly<{
  text: (member: string) => string | undefined
  texts: (member: string) => readonly string[]
  textByName: (member: string) => Readonly<Record<string, string>>
  /** Read by nobody, and why. */
  ignore: (member: string, says: string) => void
  problem: (remark: Remark) => void
  problems: readonly Remark[]
  /** Call it last. */
  notTaken: () => readonly Remark[]
}>

/** More than any client would start. */
const MOST_MEMBERS = 500

export function readEntry(entry: JsonObject): EntryReader {
  const asked = new Set<string>()
  const problems: Remark[] = []
  const notes: Remark[] = []
  const take = (member: string): Json | undefined => {
    asked.add(member)
    return Object.hasOwn(entry, member) ? entry[member] : undefined
  }
  const wrong = (field: string, says: string): void => void problems.push({ field, rule: 'type', says })
  return {
    problems,
    problem: (remark) => void problems.push(remark),
    text(member) {
      const value = take(member)
      if (value === undefined || typeof value === 'string') return value?.toWellFormed()
      wrong(member, 'must be a text')
      return undefined
    },
    texts(member) {
      const value = take(member)
      if (value === undefined) return []
      if (isList(value) && value.length <= MOST_MEMBERS && value.every((item) => typeof item === 'string'))
        return value.map((item) => item.toWellFormed())
      wrong(member, `must be a list of at most ${MOST_MEMBERS} texts`)
      return []
    },
    textByName(member) {
      const value = take(member)
      if (value === undefined) return {}
      if (!isObject(value) || Object.keys(value).length > MOST_MEMBERS) {
        wrong(member, `must be an object of at most ${MOST_MEMBERS} texts`)
        return {}
      }
      const texts = Object.entries(value).flatMap(([name, text]) => {
        // Numbers and truth values are what people write there, and programs get them as texts.
        if (typeof text === 'string' || typeof text === 'number' || typeof text === 'boolean')
          return [[name.toWellFormed(), String(text).toWellFormed()] as const]
        wrong(`${member}.${name}`, 'must be a text')
        return []
      })
      return Object.fromEntries(texts)
    },
    ignore(member, says) {
      if (take(member) !== undefined) notes.push({ field: member, rule: 'not-taken', says })
    },
    notTaken: () => [
      ...notes,
      ...Object.keys(entry)
        .filter((member) => !asked.has(member))
        .slice(0, 50)
        .map((field) => ({ field, rule: 'not-taken', says: 'is not known here, so it was not taken' })),
    ],
  }
}

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !isList(value)

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
