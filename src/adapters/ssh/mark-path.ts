/** Where the mark of a step lies, and how long it says "running". Its parts are names, never paths. */
import type { Mark } from '../../domain/ports/remote-host.ts'
import type { Tuning } from './tuning.ts'

/** No leading dot: drafts of marks begin with one. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** The writing of the end itself takes a moment. */
const SLACK_MS = 2_000

/** @throws RangeError a part of the mark cannot be a name. */
export function marksDirectory({ stateDir, executionId, step }: Mark): string {
  if (!stateDir.startsWith('/') || stateDir.split('/').includes('..')) {
    throw new RangeError(`mark.stateDir must be an absolute path without "..": ${JSON.stringify(stateDir)}`)
  }
  for (const [field, value] of Object.entries({ executionId, step })) {
    if (!NAME.test(value))
      throw new RangeError(`mark.${field} must be a name of letters, digits, ".", "_" and "-": ${JSON.stringify(value)}`)
  }
  return `${stateDir.replace(/\/+$/, '')}/marks/${executionId}`
}

/** In hundredths of a second: the program has ended by then, or it never will say so. */
export const hold = (timeoutMs: number, tuning: Tuning): number => Math.ceil((timeoutMs + tuning.killGraceMs + SLACK_MS) / 10)
