import type { Fault, Hints } from '../catalogue/fault.ts'

/** Finds the lines that a fault's patterns recognise. Linear in the text, whatever the patterns; bounded in memory. */
export interface LogMatcher {
  /** The first fault, in catalogue order, that recognises each line. Lines that nothing recognises are left out. */
  match(lines: readonly string[]): readonly LineMatch[]
}

export type LineMatch = Readonly<{ index: number; fault: Fault; hints: Hints }>

/** Compiles the log patterns of one service. */
export type CompileLogMatcher = (faults: readonly Fault[]) => LogMatcher
