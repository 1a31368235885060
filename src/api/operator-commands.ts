/**
 * The commands of people and programs, one function each. Every one is recorded as an attempt under `meta.commandId`; the same id with the
 * same `bodyHash` answers with the first outcome again, refusals included.
 */
import type { BulkCommands } from '../commands/operator/bulk-commands.ts'
import type { OperatorCommand as Command } from '../commands/operator/operator-command.ts'
import type { PreviewedCommand } from '../commands/operator/previewed-command.ts'
import type { ServerCommands } from '../commands/operator/server-commands.ts'
import type { Undo } from '../commands/operator/undo-command.ts'
import type { AnomalyStatus } from '../domain/anomaly/events.ts'
import type { Service } from '../domain/catalogue/action.ts'
import type { ServiceSettings } from '../domain/catalogue/inventory.ts'
import type { DeclaredOutcome } from '../domain/incident/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { Role } from '../domain/key/events.ts'
import type { Json } from '../domain/ports/json.ts'
import type { SecretReference } from '../domain/ports/secrets.ts'
import type { Severity } from '../domain/severity.ts'
import type { Mode } from '../domain/target/events.ts'

export type { CommandMeta, Outcome } from '../commands/operator/operator-command.ts'
export type { Preview, PreviewedCommand } from '../commands/operator/previewed-command.ts'

/**
 * Each throws
 * - `CommandRefused`: a rule forbids it; also `idempotency-mismatch` (the id was used with another body), `command-in-progress`;
 * - `ConcurrencyConflict`: others kept writing first; when the stream is not at `meta.expectedRevision` it is a refusal, `concurrency-conflict`;
 * - `OutcomeUnknown`, `StoreUnavailable`, `HostUnreachable`, `SecretUnavailable` as their ports say.
 */
export interface OperatorCommands extends ServerCommands {
  /** `sha256` of the outcome tells a repetition: it is that of the key made first. */
  createKey: Command<{ name: string; role: Role; owner: string; expiresAt?: Instant; sha256: string }, { sha256: string }>
  revokeKey: Command<OnOne & { reason: string }>

  registerHost: Command<
    { name: string; address: string; port: number; username: string; privateKey: SecretReference } & KeyToConfirm,
    Warned
  >
  /** The host shows another key than before, and somebody says that it is right. */
  changeHostKey: Command<OnOne & KeyToConfirm, Warned>
  retireHost: Command<OnOne & { reason: string }>
  testHost: Command<OnOne, { reachable: boolean; durationMs: number; rule?: string; says?: string }>

  registerTarget: Command<{
    name: string
    hostId: string
    service: Service
    logPaths: readonly string[]
    configPaths: readonly string[]
    connection?: ServiceSettings
    stateDir?: string
    mode: Mode
  }>
  changeTargetMode: Command<OnOne & { mode: Mode }>
  pauseTarget: Command<OnOne & { reason: string }>
  resumeTarget: Command<OnOne>
  unfreezeTarget: Command<OnOne & { reason: string }>
  retireTarget: Command<OnOne & { reason: string }>
  /** What is on the host now becomes the baseline. */
  acceptDrift: Command<OnOne & { reason: string }>

  /** The id of the outcome is that of the anomaly. */
  reportAnomaly: Command<{ targetId: string; message: string; severity: Severity; occurredAt?: Instant; context?: Json }>
  changeAnomalyStatus: Command<OnOne & { status: AnomalyStatus }>

  acknowledgeIncident: Command<OnOne>
  closeIncident: Command<OnOne & { reason: string }>
  /** Says what became of an outcome that nobody could prove. */
  resolveIncident: Command<OnOne & { outcome: DeclaredOutcome; reason: string }>
  reanalyseIncident: Command<OnOne>

  approve: Command<OnOne & { planHash: string }>
  reject: Command<OnOne & { reason: string }>
  revoke: Command<OnOne & { reason: string }>

  stopHealing: Command<{ reason: string }>
  resumeHealing: Command<object>
  /** `id` is the fingerprint's. */
  resetBreaker: Command<OnOne & { reason: string }>
  /** `id` is the action's. */
  clearRemedy: Command<OnOne & { reason: string }>

  /** The id of the outcome is that of the operation. */
  rebuildProjection: Command<{ name: string }>
  verifyProjection: Command<{ name: string }>
  /** The same of many servers. The id of the outcome is that of the operation. */
  startBulk: BulkCommands['startBulk']
  startUpgrade: BulkCommands['startUpgrade']
  cancelOperation: BulkCommands['cancelOperation']
  unparkInstance: Command<{ process: string; instance: string; way: 'retry' | 'skip'; reason: string }>

  /** Takes back what an earlier command did to a server. The id of the outcome is that of the server. */
  undoCommand: PreviewedCommand<Undo>
}

type OnOne = { id: string }

/**
 * Without `hostKey` it is refused as `host-key-unconfirmed`, with the fingerprint and the key in the facts. A key that another host has is refused
 * as `host-key-taken`, unless `sharedHostKey` says that they are different machines.
 */
type KeyToConfirm = { hostKey?: string; sharedHostKey?: boolean }
/** What a person should know about what was done all the same. */
type Warned = { warning?: string }
