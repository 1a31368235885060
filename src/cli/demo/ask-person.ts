/** Asks on the terminal. Ctrl-C at the question is the same as anywhere else in the demo; a terminal that is gone has said nothing, which is no yes. */
import { question } from '../screen/question.ts'

export async function askPerson(text: string, signal: AbortSignal): Promise<string> {
  const answer = await question(text, { input: process.stdin, output: process.stdout, signal })
  if (answer.kind === 'answer') return answer.text
  if (answer.kind === 'closed') return ''
  process.kill(process.pid, 'SIGINT')
  // The signal is handled by whoever listens for it, and then this one is aborted.
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}
