/** Why a life of a server failed, in one word and in a sentence: whatever was thrown on the way. */
import type { ChildEnd } from '../../domain/ports/child-processes.ts'
import { HandshakeFailed, McpRequestFailed } from '../../domain/ports/mcp.ts'
import type { FailureReason } from '../../domain/server/events.ts'
import { LaunchFailed } from './launch.ts'

export type WhyFailed = Readonly<{ reason: FailureReason; says: string }>

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
  throw error
}

export function exitedWith({ code, signal, outOfMemory }: ChildEnd): WhyFailed {
  if (outOfMemory) return { reason: 'out-of-memory', says: 'the kernel ended it: it used more memory than its limit' }
  if (signal !== null) return { reason: 'exited', says: `it was ended by ${signal}` }
  return { reason: 'exited', says: `it ended by itself with code ${code}` }
}
