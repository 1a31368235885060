/** Why a life of a server failed, in one word and in a sentence: whatever was thrown on the way. */
import type { ChildEnd } from '../../domain/ports/child-processes.ts'
import { HandshakeFailed, McpRequestFailed } from '../../domain/ports/mcp.ts'
import type { FailureReason } from '../../domain/server/events.ts'
import { LaunchFailed } from './launch.ts'

/** `cause`: what was thrown, where it is no word of the server; for our own log. */
export type WhyFailed = Readonly<{ reason: FailureReason; says: string; cause?: unknown }>

export class StartTimedOut extends Error {
  override readonly name = 'StartTimedOut'
  constructor(timeoutMs: number) {
    super(`not ready within ${timeoutMs} ms`)
  }
}

/** The program ended while something was asked of it. */
export class ItEnded extends Error {
  override readonly name = 'ItEnded'
  readonly end: ChildEnd
  constructor(end: ChildEnd) {
    super('it ended')
    this.end = end
  }
}

export function failureOf(error: unknown): WhyFailed {
  if (error instanceof LaunchFailed) return { reason: error.reason, says: error.message }
  if (error instanceof StartTimedOut) return { reason: 'start-timeout', says: error.message }
  if (error instanceof ItEnded) return exitedWith(error.end)
  if (error instanceof HandshakeFailed) {
    return { reason: error.rule === 'aborted' ? 'start-timeout' : error.rule, says: error.message }
  }
  if (error instanceof McpRequestFailed) return { reason: 'tools-unlistable', says: `its tools could not be listed: ${error.message}` }
  // Nothing of the server: a fault of ours, or of what we stand on. The server ends all the same, and somebody hears of it.
  return { reason: 'steward-error', says: `Steward could not look after it: ${wordsOf(error)}`, cause: error }
}

/** It was to end, and something of it did not: until a person has looked, nobody knows what still runs. */
export function stopFailed(error: unknown, before: WhyFailed | undefined): WhyFailed {
  const says = wordsOf(error)
  return { reason: 'stop-failed', says: before === undefined ? says : `${before.says}; then ${says}`, cause: error }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export function exitedWith({ code, signal, outOfMemory }: ChildEnd): WhyFailed {
  if (outOfMemory) return { reason: 'out-of-memory', says: 'the kernel ended it: it used more memory than its limit' }
  if (signal !== null) return { reason: 'exited', says: `it was ended by ${signal}` }
  return { reason: 'exited', says: `it ended by itself with code ${code}` }
}
