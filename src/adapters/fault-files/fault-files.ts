/** The fault catalogue of a directory: every `<service>/<name>.yaml` below it, checked. One bad file makes the whole directory invalid. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from '../../domain/catalogue/fault.ts'
import type { CompileLogMatcher } from '../../domain/ports/log-matcher.ts'
import { checkFault } from './check-fault.ts'
import { FaultFilesInvalid, type FaultProblem } from './fault-problem.ts'
import { parseFaultFile } from './parse-fault-file.ts'

export type FaultCheck = Readonly<{ faults: readonly Fault[]; problems: readonly FaultProblem[] }>

/** In order of their paths, which is the order in which a line is tried. @throws FaultFilesInvalid with every problem. */
export async function loadFaults(directory: string, compile: CompileLogMatcher): Promise<readonly Fault[]> {
  const { faults, problems } = await checkFaults(directory, compile)
  if (problems.length > 0) throw new FaultFilesInvalid(problems)
  return faults
}

/** Everything that is right and everything that is wrong; `file` is relative to the directory. */
export async function checkFaults(directory: string, compile: CompileLogMatcher): Promise<FaultCheck> {
  const names = await faultFilesBelow(directory)
  if (names instanceof Error)
    return { faults: [], problems: [{ file: directory, line: 1, field: 'directory', rule: `cannot be read: ${names.message}` }] }
  const checked = await Promise.all(names.map((name) => checkFile(directory, name, compile)))
  const faults = checked.flatMap(({ fault }) => fault ?? [])
  const problems = checked.flatMap((each) => each.problems)
  if (names.length === 0) problems.push({ file: directory, line: 1, field: 'directory', rule: 'holds no fault file (*.yaml)' })
  return { faults, problems: [...problems, ...duplicates(checked)] }
}

type Checked = Readonly<{ name: string; fault: Fault | undefined; line: number; problems: readonly FaultProblem[] }>

async function checkFile(directory: string, name: string, compile: CompileLogMatcher): Promise<Checked> {
  try {
    const { fault, problems, lineOf } = parseFaultFile(name, await readFile(join(directory, name), 'utf8'))
    const findings = fault === undefined ? [] : checkFault(fault, compile)
    const found = findings.map(({ path, rule }) => ({ file: name, line: lineOf(path), field: path.join('.'), rule }))
    return { name, fault, line: lineOf(['fault']), problems: [...problems, ...found] }
  } catch (error) {
    const rule = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return { name, fault: undefined, line: 1, problems: [{ file: name, line: 1, field: 'file', rule }] }
  }
}

function duplicates(checked: readonly Checked[]): readonly FaultProblem[] {
  const first = new Map<string, string>()
  return checked.flatMap(({ name, fault, line }) => {
    if (fault === undefined) return []
    const other = first.get(fault.id)
    if (other === undefined) first.set(fault.id, name)
    return other === undefined ? [] : [{ file: name, line, field: 'fault', rule: `"${fault.id}" is already in ${other}` }]
  })
}

async function faultFilesBelow(directory: string): Promise<readonly string[] | Error> {
  try {
    const entries = await readdir(directory, { recursive: true })
    return entries.filter((name) => /\.ya?ml$/.test(name)).sort()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
