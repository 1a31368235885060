/** Error codes of the protocol, and our own refusals: each has a rule's name, so that nobody has to guess from a sentence. */
import type { Json, JsonObject } from '../ports/json.ts'
import { type Message, makeMessage, type RequestId } from './message.ts'

export const CODE = {
  notJson: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** 2025-11-25 and older; later it is `invalidParams`. */
  resourceNotFound: -32002,
  /** 2025-11-25 only. */
  urlElicitationRequired: -32042,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
  /** Ours: Steward refuses, or could not have the answer. Outside of what JSON-RPC reserves, as the protocol asks of everybody. */
  refused: 40_001,
  unavailable: 40_002,
  timedOut: 40_003,
} as const

const OF_STATELESS: ReadonlySet<number> = new Set([CODE.headerMismatch, CODE.missingCapability, CODE.unsupportedVersion])
/** Only a server of the stateless era gives one of these. */
export const isStatelessError = (code: Json | undefined): boolean => typeof code === 'number' && OF_STATELESS.has(code)

export type Refusal = Readonly<{ code: number; rule: string; says: string; data?: JsonObject }>

export function failure(id: RequestId | null, { code, rule, says, data }: Refusal): Message {
  return makeMessage({ jsonrpc: '2.0', id, error: { code, message: says, data: { rule, ...data } } })
}

/** An error as the protocol itself defines it: its data are fixed there. */
export function protocolError(id: RequestId | null, code: number, message: string, data?: JsonObject): Message {
  return makeMessage({ jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } })
}

export const refuse = (rule: string, says: string, data?: JsonObject): Refusal => ({
  code: CODE.refused,
  rule,
  says,
  ...(data === undefined ? {} : { data }),
})
