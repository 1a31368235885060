/** The audit of attempts: every operator command leaves its own stream `command-{commandId}`. */
import type { Refusal } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'

export type CommandEvent =
  | Readonly<{ type: 'CommandReceived'; data: CommandReceipt }>
  | Readonly<{ type: 'CommandSucceeded'; data: Readonly<{ commandId: string; result: JsonObject; durationMs: number; at: Instant }> }>
  | Readonly<{ type: 'CommandFailed'; data: Readonly<{ commandId: string; refusal: Refusal; durationMs: number; at: Instant }> }>

export type CommandReceipt = Readonly<{
  commandId: string
  /** The operation of the API, e.g. 'approvals.approve'. */
  name: string
  subject: string
  /** Principal: the id of the key, and who owns it. */
  actor: string
  owner: string
  /** SHA-256 of the canonical body: another body under the same key is refused. */
  bodyHash: string
  /** The checked body, so that a command without a result can be run again. Never holds a secret. */
  body: JsonObject
  /** The revision that the caller saw, in decimal, when he named one. */
  expectedRevision?: string
  at: Instant
}>
