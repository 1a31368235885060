/** One command line, from its words to its exit code. Whatever is thrown ends here as a message. */
import { CommanderError } from 'commander'
import type { CliContext } from './context.ts'
import { greeting } from './examples.ts'
import { exitCode } from './exit-code.ts'
import { explain } from './failure.ts'
import { createProgram, exitCodeOf } from './program.ts'
import { createOutput } from './screen/output.ts'

/** @param words without the program and the script. */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  if (words.length === 0) {
    context.stderr.write(greeting)
    return exitCode.usage
  }
  let code: number = exitCode.ok
  // Known before the words are understood: a program that asked for JSON is told in JSON that they were not.
  const json = words.includes('--json')
  const program = createProgram(context, {
    json,
    onExit: (ended) => {
      code = ended
    },
  })
  try {
    await program.parseAsync([...words], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error)
    return explain(error, createOutput(context, { json }))
  }
}
