/** All that a command sees of the process it runs in. Nothing else in the command line touches `process`, so tests can give it another one. */
import type { LocalServices } from './local-services.ts'

/** What is asked of standard input: that it can be read, whether somebody sits there, and then also key by key. */
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }

/** Of the two others: that they can be written to, and how wide and high the terminal is; it says `resize` when that changes. */
export type OutputStream = NodeJS.WritableStream & Readonly<{ isTTY?: boolean; columns?: number; rows?: number }>

export type CliContext = Readonly<{
  /** Of Steward. */
  version: string
  nodeVersion: string
  platform: string
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  stdin: InputStream
  stdout: OutputStream
  stderr: OutputStream
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
