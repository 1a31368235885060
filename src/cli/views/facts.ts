/**
 * What a probe or a plan says of the world, as words instead of JSON: `master alive, workers 1, accepted no`. Nothing is left out but the tail of long
 * hashes; `--json` has those.
 */
type Facts = Readonly<Record<string, unknown>>

export const plainFacts = (facts: Facts): string =>
  Object.entries(facts)
    .map(([name, value]) => factText(name, value))
    .join(', ')

/** One line per member; members that hold several things take one line for each. For what somebody has to read before agreeing to it. */
export const plainLines = (facts: Facts): readonly string[] =>
  Object.entries(facts).flatMap(([name, value]) =>
    Array.isArray(value) && value.some(isFacts) ? value.map((each) => `${wordsOf(name)}: ${plainValue(each)}`) : [factText(name, value)],
  )

function factText(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('Bytes')) return `${wordsOf(name.slice(0, -'Bytes'.length))} ${bytesText(value)}`
  if (typeof value === 'number' && name.endsWith('Seconds')) return `${wordsOf(name.slice(0, -'Seconds'.length))} ${value} s`
  return `${wordsOf(name)}${isFacts(value) || Array.isArray(value) ? ':' : ''} ${plainValue(value)}`
}

/** A value of an answer within a line. */
export function plainValue(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return HASH.test(value) ? `${value.slice(0, 12)}…` : value
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(inList).join('; ')
  return isFacts(value) ? plainFacts(value) : String(value)
}

const inList = (value: unknown): string => (Array.isArray(value) || isFacts(value) ? `(${plainValue(value)})` : plainValue(value))

const HASH = /^[0-9a-f]{40,}$/

const isFacts = (value: unknown): value is Facts => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `masterAlive` and `aof_last_write_status` as they are said. What is no name of ours stays as it is. */
const wordsOf = (name: string): string =>
  /^[A-Za-z][A-Za-z0-9_]*$/.test(name)
    ? name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ')
    : name

const MIB = 1_048_576

/** Exact where it is round, as settings are. */
function bytesText(bytes: number): string {
  if (bytes < MIB) return `${bytes} bytes`
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${(bytes / MIB).toFixed(1)} MiB`
}
