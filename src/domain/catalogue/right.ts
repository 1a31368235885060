/**
 * A right that the steps of an action need, and how to prove beforehand that it is missing. Only a proof stops a plan: what cannot be asked, or
 * answers with something else, is left to the step itself.
 */
import type { Output, Program } from './program.ts'

export type Right = Readonly<{
  /** As the end of "the account may not ...". */
  to: string
  /** What a person does to give it; `{user}` stands for the account, or for the user of the service. */
  give: string
  /** Changes nothing, whatever it answers. */
  run: Program
  isMissing: (answer: Answer) => boolean
}>

export type Answer =
  | Readonly<{ kind: 'answered'; output: Output }>
  /** By the database: the SQLSTATE, or the first word of the Redis error. */
  | Readonly<{ kind: 'refused'; code: string; says: string }>

/** A script that ends with 1 when the right is missing, and with anything else when it is there or nothing is known. */
export const deniedByScript = (answer: Answer): boolean =>
  answer.kind === 'answered' && answer.output.kind === 'text' && answer.output.exitCode === 1
