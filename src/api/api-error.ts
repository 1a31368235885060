/**
 * An answer that is an error, and the one mapper from everything that can be thrown to such an answer. What is not listed here is our own
 * fault: 500, and nothing about it leaves the house.
 */
import { CommandRefused } from '../commands/command-refused.ts'
import { AppendTooLarge, ConcurrencyConflict, OutcomeUnknown, StoreUnavailable, UnknownPosition } from '../domain/ports/event-store.ts'
import type { Json } from '../domain/ports/json.ts'
import { HostUnreachable } from '../domain/ports/remote-host.ts'
import { SecretUnavailable } from '../domain/ports/secrets.ts'
import { InvalidLogCursor } from '../domain/ports/server-logs.ts'
import { InvalidCursor, ProjectionLagging, UnknownProjection } from '../projections/projection-errors.ts'
import { type RefusalRule, type RefusalStatus, refusalOf } from './refusals.ts'

export type Details = Readonly<Record<string, Json>>

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly rule: RefusalRule
  readonly details: Details | undefined
  readonly headers: Readonly<Record<string, string>>
  constructor(rule: RefusalRule, facts: { details?: Details; headers?: Readonly<Record<string, string>>; cause?: unknown } = {}) {
    super(rule, { cause: facts.cause })
    this.rule = rule
    this.details = facts.details
    this.headers = facts.headers ?? {}
  }
}

export type ErrorAnswer = Readonly<{
  status: RefusalStatus
  code: string
  message: string
  details: Details | undefined
  headers: Readonly<Record<string, string>>
  /** Something that an operator of Steward should look at. */
  unexpected: boolean
}>

export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof ApiError) return answerOf(error.rule, error.details, error.headers)
  if (error instanceof CommandRefused) return refusedCommand(error)
  if (error instanceof ConcurrencyConflict) return answerOf('concurrency-conflict')
  if (error instanceof UnknownPosition) return answerOf('unknown-position')
  if (error instanceof OutcomeUnknown) return answerOf('outcome-unknown')
  if (error instanceof StoreUnavailable) return answerOf('store-unavailable', undefined, { 'retry-after': '1' })
  if (error instanceof AppendTooLarge) return answerOf('append-too-large', { limitBytes: error.limitBytes })
  if (error instanceof ProjectionLagging) return answerOf('projection-lagging', undefined, { 'retry-after': '1' })
  if (error instanceof InvalidCursor || error instanceof InvalidLogCursor) return answerOf('invalid-cursor')
  if (error instanceof UnknownProjection) return answerOf('not-found')
  if (error instanceof HostUnreachable) return answerOf('host-unreachable', { rule: error.rule })
  if (error instanceof SecretUnavailable) return answerOf('secret-unavailable', { reference: error.reference, rule: error.rule })
  if (isConnectionLoss(error)) return { ...answerOf('store-unavailable', undefined, { 'retry-after': '1' }), unexpected: true }
  return { ...answerOf('internal-error'), unexpected: true }
}

/** Codes of sockets, and of PostgreSQL for a server that stops, starts or has no connection left. */
const connectionLoss: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03', '53300'])
const isConnectionLoss = (error: unknown): boolean => error instanceof Error && 'code' in error && connectionLoss.has(error.code)

function refusedCommand({ rule, facts }: CommandRefused): ErrorAnswer {
  // A decider that finds nothing says which situation it needs; to a caller the thing simply is not there.
  if (facts['situation'] === 'absent' && facts['field'] === undefined) return answerOf('not-found')
  return answerOf(rule, Object.keys(facts).length === 0 ? undefined : facts)
}

function answerOf(rule: string, details?: Details, headers: ErrorAnswer['headers'] = {}): ErrorAnswer {
  const { status: usual, code, message, described } = refusalOf(rule)
  // What a field of the body refers to is missing or unreachable: the body is wrong, not the path, and repeating does not help.
  const status = details?.['field'] !== undefined && (usual === 404 || usual === 503) ? 422 : usual
  return { status, code, message, details, headers, unexpected: !described }
}
