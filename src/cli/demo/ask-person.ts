/** Asks on the terminal. Ctrl-C at the question is the same as anywhere else. */
import { createInterface } from 'node:readline/promises'

export async function askPerson(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return await lines.question(question, { signal })
  } finally {
    lines.close()
  }
}
