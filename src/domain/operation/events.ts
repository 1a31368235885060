/** Long work that an operator asked for: its progress and its end. */
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'

export type OperationEvent =
  | Readonly<{
      type: 'OperationStarted'
      data: Readonly<{ operationId: string; kind: OperationKind; subject: string; by: string; at: Instant }>
    }>
  | Readonly<{ type: 'OperationSucceeded'; data: Readonly<{ operationId: string; result: JsonObject; at: Instant }> }>
  | Readonly<{ type: 'OperationFailed'; data: Readonly<{ operationId: string; rule: string; says: string; at: Instant }> }>

export type OperationKind = 'projection-rebuild' | 'projection-verify'
