/** What is wrong with a fault file: where, which field, which rule. All of a directory's problems are told at once. */

export type FaultProblem = Readonly<{ file: string; line: number; field: string; rule: string }>

export const printProblem = ({ file, line, field, rule }: FaultProblem): string => `${file}:${line}: ${field}: ${rule}`

export class FaultFilesInvalid extends Error {
  override readonly name = 'FaultFilesInvalid'
  readonly problems: readonly FaultProblem[]
  constructor(problems: readonly FaultProblem[]) {
    super(problems.map(printProblem).join('\n'))
    this.problems = problems
  }
}

/** The known word that was probably meant: at most two letters off. */
export function suggestion(word: string, known: readonly string[]): string {
  const [best] = known.map((each) => ({ each, distance: editDistance(word, each) })).sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= 2 ? `; did you mean "${best.each}"?` : ''
}

/** Wagner and Fischer, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
