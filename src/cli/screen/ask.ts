/** Asks a person at the terminal. Where there is none, the command needs another way to be sure, and says which. */
import type { CliContext } from '../context.ts'
import { question } from './question.ts'

export type Ask = Readonly<{
  /** Whether there is anybody to ask. */
  possible: boolean
  /** The question must be words of our own. An answer other than yes is no, and so is Ctrl-C. */
  yesOrNo: (text: string, signal: AbortSignal) => Promise<boolean>
}>

export function createAsk({ stdin, stderr }: Pick<CliContext, 'stdin' | 'stderr'>): Ask {
  return {
    possible: stdin.isTTY === true && stderr.isTTY === true,
    async yesOrNo(text, signal) {
      // On standard error, so that the data on standard output stays clean.
      const answer = await question(`${text} [y/N] `, { input: stdin, output: stderr, signal })
      return answer.kind === 'answer' && isYes(answer.text)
    },
  }
}

export const isYes = (answer: string): boolean => /^y(?:es)?$/i.test(answer.trim())
