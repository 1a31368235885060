/**
 * The one place where an argument vector becomes text for a POSIX shell. Every argument arrives on the host byte for byte, whatever is in it;
 * what no argument can carry is refused here.
 */

/** The kernel takes at most 131 072 bytes in one argument, and a command line is one argument of the login shell. */
const MAX_COMMAND_BYTES = 128 * 1024 - 4096

/** @throws RangeError the argument cannot be an argument. */
export const quoteArgument = (argument: string): string => {
  if (argument.includes('\0')) throw new RangeError(`an argument must not hold a NUL character: ${JSON.stringify(argument)}`)
  if (!argument.isWellFormed()) throw new RangeError(`an argument must be well-formed Unicode: ${JSON.stringify(argument)}`)
  return `'${argument.replaceAll("'", "'\\''")}'`
}

/** @throws RangeError an argument cannot be one, or all of them are too long for a command line. */
export function quoteCommand(argv: readonly string[]): string {
  const command = argv.map(quoteArgument).join(' ')
  const lengthBytes = Buffer.byteLength(command)
  if (lengthBytes > MAX_COMMAND_BYTES)
    throw new RangeError(`a command line must not exceed ${MAX_COMMAND_BYTES} bytes: it has ${lengthBytes}`)
  return command
}
