/**
 * What a process manager records. Its stream `<process>-<instance>` holds each handled input with the outputs it caused, in one append.
 * Effects run in streams of their own, `effect-<effectId>`: recorded before and after.
 */
import type { AnyCommand } from '../aggregates.ts'
import type { Instant } from '../instant.ts'
import type { JsonObject } from '../ports/json.ts'
import type { EffectKind, EffectRequest, EffectResults } from '../processes/effects.ts'
import type { ProcessName } from '../processes/process-name.ts'
import type { Protected } from '../protected.ts'

export type ProcessEvent =
  | Readonly<{ type: 'ProcessIntroduced'; data: Readonly<{ process: ProcessName; from: string; at: Instant }> }>
  /** `input` is the handled event itself, so that the state can be folded from this stream alone. */
  | Readonly<{ type: 'InputHandled'; data: Instance & Readonly<{ position: string; eventId: string; input: HandledInput; at: Instant }> }>
  | Readonly<{ type: 'CommandIssued'; data: Instance & Readonly<{ commandId: string; command: AnyCommand }> }>
  | Readonly<{
      type: 'CommandRefused'
      data: Instance & Readonly<{ commandId: string; command: string; rule: string; facts: JsonObject; at: Instant }>
    }>
  | Readonly<{ type: 'EffectRequested'; data: Instance & Readonly<{ effectId: string; request: EffectRequest; at: Instant }> }>
  | Readonly<{ type: 'TimeoutScheduled'; data: Instance & Readonly<{ timerId: string; name: string; dueAt: Instant }> }>
  | Readonly<{ type: 'TimeoutElapsed'; data: Instance & Readonly<{ timerId: string; name: string; at: Instant }> }>
  | Readonly<{ type: 'TimeoutCancelled'; data: Instance & Readonly<{ timerId: string; name: string }> }>
  | Readonly<{ type: 'InstanceParked'; data: Instance & Readonly<{ position: string; eventId: string; cause: Protected; at: Instant }> }>
  | Readonly<{ type: 'InstanceUnparked'; data: Instance & Readonly<{ way: 'retry' | 'skip'; by: string; reason: string; at: Instant }> }>

export type EffectEvent =
  | Readonly<{ type: 'EffectStarted'; data: EffectRef & Readonly<{ attempt: number; runnerId: string; deadlineAt: Instant; at: Instant }> }>
  | Readonly<{ type: 'EffectSucceeded'; data: EffectSuccess }>
  | Readonly<{ type: 'EffectFailed'; data: EffectRef & Readonly<{ rule: string; says: Protected; at: Instant }> }>
  | Readonly<{ type: 'EffectOutcomeUnknown'; data: EffectRef & Readonly<{ says: Protected; at: Instant }> }>

/** An event inside an event: read by the same codec, with the same upcasters, as on its own. */
export type HandledInput = Readonly<{ type: string; schemaVersion: number; data: JsonObject }>

export type Instance = Readonly<{ process: ProcessName; instance: string }>
export type EffectRef = Instance & Readonly<{ effectId: string; kind: EffectKind }>
export type EffectSuccess = EffectSuccessOf<EffectKind>
export type EffectSuccessOf<Kind extends EffectKind> = {
  [Each in EffectKind]: Instance & Readonly<{ effectId: string; kind: Each; result: EffectResults[Each]; at: Instant }>
}[Kind]
