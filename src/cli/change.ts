/**
 * Commands as all verbs carry them out: sent once per subject, then read back at the position they were recorded at, so that what is printed - and
 * what the next command sees - already has the change in it.
 */
import type { Command } from 'commander'
import { ApiRefusal } from './client/api-refusal.ts'
import type { StewardClient } from './client/client.ts'
import type { Outcome } from './client/shapes.ts'
import { type ExitCode, exitCode, usageError } from './exit-code.ts'
import { explain } from './failure.ts'
import type { Page } from './screen/page.ts'
import type { Session } from './session.ts'

/** Makes a repetition of the whole command line harmless: the same key, the same command. */
export type Repeatable = Readonly<{ idempotencyKey?: string }>

export const repeatable = (command: Command): Command =>
  command.option('--idempotency-key <key>', 'the same key again is the same command: it is not carried out twice')

/** The subject as it is once the command is in the read models; undefined when those are late. */
export async function settled<Subject>(
  { out }: Pick<Session, 'out'>,
  client: StewardClient,
  path: string,
  { position }: Pick<Outcome, 'position'>,
): Promise<Subject | undefined> {
  try {
    return await client.get<Subject>(path, { min_position: position })
  } catch (error) {
    if (!(error instanceof ApiRefusal) || (error.code !== 'PROJECTION_LAGGING' && error.status !== 403)) throw error
    out.note(`Recorded at position ${position}, but it cannot be shown yet.`, 'warn')
    return undefined
  }
}

/**
 * One subject after the other. One that fails is told and does not stop the others: 3 when some went well, otherwise the code of the failure.
 * An idempotency key can only stand for one command.
 */
export async function each(
  { out, signal }: Session,
  subjects: readonly string[],
  options: Repeatable,
  perform: (subject: string) => Promise<void>,
): Promise<ExitCode> {
  if (subjects.length > 1 && options.idempotencyKey !== undefined)
    throw usageError('--idempotency-key stands for one command: name one subject')
  const failures: ExitCode[] = []
  for (const subject of subjects) {
    try {
      await perform(subject)
    } catch (error) {
      if (signal.aborted || subjects.length === 1) throw error
      failures.push(explain(error, out, subject))
    }
  }
  if (failures.length === 0) return exitCode.ok
  return failures.length < subjects.length ? exitCode.partial : (failures[0] ?? exitCode.failure)
}

/** What a person must see before a question. A program that reads JSON is asked nothing, and its standard error is kept for what goes wrong. */
export function preview(
  { out, ask }: Pick<Session, 'out' | 'ask'>,
  { yes }: Readonly<{ yes?: boolean }>,
  draw: (page: Page) => void,
): void {
  if (!out.json || (yes !== true && ask.possible)) out.notes(draw)
}

/** Something that cannot be taken back with one command: asked on a terminal, otherwise it takes `--yes`. */
export async function confirmed({ ask, signal }: Session, { yes }: Readonly<{ yes?: boolean }>, question: string): Promise<boolean> {
  if (yes === true) return true
  if (!ask.possible) throw usageError('this is no terminal, so nobody can be asked', 'Add --yes when you are sure.')
  return ask.yesOrNo(question, signal)
}
