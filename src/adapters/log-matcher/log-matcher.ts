/**
 * Recognises faults in log lines. Each line is read once for literals, whatever the number of patterns; only the few lines that hold one are given
 * to the patterns that need it, and those run in linear time (RE2), so no line and no pattern can stall the watch.
 */
import { RE2JS } from 're2js'
import type { Fault, Hints, LogDetection } from '../../domain/catalogue/fault.ts'
import type { CompileLogMatcher, LineMatch } from '../../domain/ports/log-matcher.ts'
import { levelOf } from './line-frame.ts'
import { compileLiteralScan, type LiteralScan } from './literal-scan.ts'
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
  const { scan, byLiteral, always } = index(patterns)
  return {
    match(lines) {
      const matches: LineMatch[] = []
      for (let at = 0; at < lines.length; at += 1) {
        const line = lines[at] ?? ''
        const hits = scan(line)
        if (hits.length === 0 && always.length === 0) continue
        const found = recognise(line, candidates(hits, byLiteral, always), patterns)
        if (found !== undefined) matches.push({ index: at, ...found })
      }
      return matches
    },
  }
}

type Pattern = Readonly<{
  fault: Fault
  levels: ReadonlySet<string>
  expression: RE2JS
  groups: readonly string[]
  literals: readonly string[] | undefined
}>

function compile(fault: Fault, { match, level }: LogDetection): Pattern {
  try {
    const expression = RE2JS.compile(match)
    const literals = requiredLiterals(match)
    return {
      fault,
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

type Index = Readonly<{ scan: LiteralScan; byLiteral: readonly (readonly number[])[]; always: readonly number[] }>

function index(patterns: readonly Pattern[]): Index {
  const users = new Map<string, number[]>()
  const always: number[] = []
  patterns.forEach(({ literals }, number) => {
    if (literals === undefined) always.push(number)
    for (const literal of literals ?? []) users.set(literal, [...(users.get(literal) ?? []), number])
  })
  return { scan: compileLiteralScan([...users.keys()]), byLiteral: [...users.values()], always }
}

/** In catalogue order, so that the first fault wins. */
const candidates = (hits: readonly number[], byLiteral: readonly (readonly number[])[], always: readonly number[]): readonly number[] =>
  [...new Set([...always, ...hits.flatMap((hit) => byLiteral[hit] ?? [])])].sort((a, b) => a - b)

function recognise(line: string, numbers: readonly number[], patterns: readonly Pattern[]): Omit<LineMatch, 'index'> | undefined {
  for (const number of numbers) {
    const pattern = patterns[number]
    if (pattern === undefined) continue
    const level = levelOf(pattern.fault.service, line)
    if (level === undefined || (pattern.levels.size > 0 && !pattern.levels.has(level))) continue
    const matcher = pattern.expression.matcher(line)
    if (matcher.find()) return { fault: pattern.fault, hints: hintsOf(pattern, (group) => matcher.group(group)) }
  }
  return undefined
}

function hintsOf({ groups }: Pattern, read: (group: string) => string | null): Hints {
  const hints: Record<string, string> = {}
  for (const group of groups) {
    const value = read(group)
    if (value !== null && value.length <= LONGEST_HINT) hints[group] = value
  }
  return hints
}
