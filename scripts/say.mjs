/** Progress and errors of the set-up, on standard error: standard output belongs to the command that follows. */
export function say(text) {
  process.stderr.write(`steward: ${text}\n`)
}
