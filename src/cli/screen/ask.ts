/** Asks a person at the terminal. Where there is none, the command needs another way to be sure, and says which. */
import { createInterface } from 'node:readline/promises'
import type { CliContext } from '../context.ts'

export type Ask = Readonly<{
  /** Whether there is anybody to ask. */
  possible: boolean
  /** The question must be words of our own. An answer other than yes is no. */
  yesOrNo: (question: string, signal: AbortSignal) => Promise<boolean>
}>

export function createAsk({ stdin, stderr }: Pick<CliContext, 'stdin' | 'stderr'>): Ask {
  return {
    possible: stdin.isTTY === true && stderr.isTTY === true,
    async yesOrNo(question, signal) {
      // On standard error, so that the data on standard output stays clean.
      const lines = createInterface({ input: stdin, output: stderr, terminal: true })
      const interrupted = new AbortController()
      lines.on('SIGINT', () => interrupted.abort())
      lines.on('close', () => interrupted.abort())
      try {
        const answer = await lines.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, interrupted.signal]) })
        return /^y(es)?$/i.test(answer.trim())
      } catch (error) {
        if (!interrupted.signal.aborted) throw error
        stderr.write('\n')
        return false
      } finally {
        lines.close()
      }
    },
  }
}
