/** What is wrong with a configuration: every problem at once, each with its place, its field and the rule that it breaks. */
export type ConfigProblem = Readonly<{
  /** `steward.yaml:3`, `STEWARD_LISTEN`, `--listen`. */
  place: string
  field: string
  rule: string
}>

export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid'
  readonly problems: readonly ConfigProblem[]
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ place, field, rule }) => [place, field, rule].filter((part) => part !== '').join(': ')).join('\n'))
    this.problems = problems
  }
}

/** How to say that a name is not known, with the one that was probably meant. */
export function unknownName(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined ? `is unknown; known here: ${[...known].sort().join(', ')}` : `is unknown; did you mean ${meant}?`
}

/** The known name that takes the fewest typing errors to get to, if it takes few. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(name.length / 3))
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(plain(name), plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= allowed ? best.candidate : undefined
}

/** `data_dir` and `dataDir` are the same name in another style. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, '')

/** Levenshtein: insert, delete, replace. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replace = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(replace, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
