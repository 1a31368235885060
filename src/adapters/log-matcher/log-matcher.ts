/**
 * Recognises faults in log lines. All literals of all patterns are searched for at once; only the few lines that hold one are given to the patterns
 * that need it, and those run in linear time (RE2), so no line and no pattern can stall the watch.
 */
import { RE2JS } from 're2js'
import { type Fault, type Hints, type LogDetection, REPORT } from '../../domain/catalogue/fault.ts'
import { isFramed, levelOf } from '../../domain/catalogue/log-level.ts'
import type { CompileLogMatcher, LineMatch } from '../../domain/ports/log-matcher.ts'
import { compileLineFilter, type LineFilter } from './line-filter.ts'
import { compileLiteralScan } from './literal-scan.ts'
import { requiredLiterals } from './required-literals.ts'

/** A hint is a name or a path; what is longer was made to be long. */
const LONGEST_HINT = 4_096

export class PatternInvalid extends Error {
  override readonly name = 'PatternInvalid'
  readonly pattern: string
  constructor(facts: { pattern: string; says: string; cause: unknown }) {
    super(`not a pattern that RE2 can run: ${facts.says}`, { cause: facts.cause })
    this.pattern = facts.pattern
  }
}

/** @throws PatternInvalid */
export const compileLogMatcher: CompileLogMatcher = (faults) => {
  const patterns = faults.flatMap((fault) => fault.detect.flatMap((each) => (each.kind === 'log' ? [compile(fault, each)] : [])))
  const { filter, candidates, always } = index(patterns)
  const recogniseAt = (lines: readonly string[], at: number, matches: LineMatch[]): void => {
    const line = lines[at] ?? ''
    const found = recognise(line, candidates(line), patterns)
    if (found !== undefined) matches.push({ index: at, ...found })
  }
  return {
    match(lines) {
      const matches: LineMatch[] = []
      // A pattern without a literal has to see every line; loading one costs the speed of all.
      if (always) for (let at = 0; at < lines.length; at += 1) recogniseAt(lines, at, matches)
      else filter(lines, (at) => recogniseAt(lines, at, matches))
      return matches
    },
  }
}

type Pattern = Readonly<{
  fault: Fault
  /** A report has none. */
  framed: boolean
  levels: ReadonlySet<string>
  expression: RE2JS
  groups: readonly string[]
  literals: readonly string[] | undefined
}>

function compile(fault: Fault, { log, match, level }: LogDetection): Pattern {
  try {
    const expression = RE2JS.compile(match)
    const literals = requiredLiterals(match)
    return {
      fault,
      framed: log !== REPORT,
      levels: new Set(level),
      expression,
      groups: Object.keys(expression.namedGroups()),
      literals: literals?.every(isAscii) ? literals : undefined,
    }
  } catch (cause) {
    throw new PatternInvalid({ pattern: match, says: cause instanceof Error ? cause.message : String(cause), cause })
  }
}

const isAscii = (text: string): boolean => !/[^\x20-\x7e\t]/.test(text)

type Index = Readonly<{
  filter: LineFilter
  /** The patterns that a line is given to, in catalogue order, so that the first fault wins. */
  candidates: (line: string) => readonly number[]
  /** Some pattern has no literal. */
  always: boolean
}>

function index(patterns: readonly Pattern[]): Index {
  const users = new Map<string, number[]>()
  const always: number[] = []
  patterns.forEach(({ literals }, number) => {
    if (literals === undefined) always.push(number)
    for (const literal of literals ?? []) users.set(literal, [...(users.get(literal) ?? []), number])
  })
  const literals = [...users.keys()]
  const byLiteral = [...users.values()]
  const scan = compileLiteralScan(literals)
  return {
    filter: compileLineFilter(literals),
    candidates: (line) => [...new Set([...always, ...scan(line).flatMap((hit) => byLiteral[hit] ?? [])])].sort((a, b) => a - b),
    always: always.length > 0,
  }
}

function recognise(line: string, numbers: readonly number[], patterns: readonly Pattern[]): Omit<LineMatch, 'index'> | undefined {
  for (const number of numbers) {
    const pattern = patterns[number]
    if (pattern === undefined) continue
    if (pattern.framed ? !isOfLevel(pattern, line) : isFramed(pattern.fault.service, line)) continue
    const matcher = pattern.expression.matcher(line)
    if (matcher.find()) return { fault: pattern.fault, hints: hintsOf(pattern, (group) => matcher.group(group)) }
  }
  return undefined
}

function isOfLevel({ fault, levels }: Pattern, line: string): boolean {
  const level = levelOf(fault.service, line)
  return level !== undefined && (levels.size === 0 || levels.has(level))
}

function hintsOf({ groups }: Pattern, read: (group: string) => string | null): Hints {
  const hints: Record<string, string> = {}
  for (const group of groups) {
    const value = read(group)
    if (value !== null && value.length <= LONGEST_HINT) hints[group] = value
  }
  return hints
}
