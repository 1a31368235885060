/** All that a command sees of the process it runs in. Nothing else in the command line touches `process`, so tests can give it another one. */
import type { LocalServices } from './local-services.ts'

export type CliContext = Readonly<{
  /** Of Steward. */
  version: string
  nodeVersion: string
  platform: string
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  /** Calls the listener at each of these signals, until disposed. */
  onSignal: (signals: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void) => Disposable
  /** Ends at once, whatever is still open. */
  exit: (code: number) => void
  /** Milliseconds since 1970; for "4 min ago". */
  nowMs: () => number
  /** What started this command line, so that it can be started again. */
  self: readonly [string, ...string[]]
  local: LocalServices
}>
