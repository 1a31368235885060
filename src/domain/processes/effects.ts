/**
 * What a process may ask of the outside world, and what comes back. `once` effects act on a host: they carry a mark, and are never run again
 * blindly. The others only read, or repeat without harm.
 */
import type { ActionId, Service } from '../catalogue/action.ts'
import type { Hints } from '../catalogue/fault.ts'
import type { Program } from '../catalogue/program.ts'
import type { Authority, Evidence, ForeignChange } from '../incident/events.ts'
import type { Instant } from '../instant.ts'
import type { Plan } from '../plan/plan.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Protected } from '../protected.ts'
import type { BaselineEntry } from '../target/events.ts'

export type EffectRequest = { [Kind in EffectKind]: Readonly<{ kind: Kind; params: EffectParams[Kind]; timeoutMs: number }> }[EffectKind]

export type EffectParams = Readonly<{
  'clean-up': Readonly<{ asOf: Instant }>
  survey: Readonly<{ targetId: string }>
  investigate: Readonly<{ incidentId: string; targetId: string; faultId: string | null; hints: Hints; chosen: ChosenRemedy | null }>
  analyse: Readonly<{ incidentId: string; targetId: string; service: Service; excerpt: Protected; evidence: readonly Evidence[] }>
  draft: Readonly<{ incidentId: string; targetId: string; fingerprintId: string; remedy: ConfirmedRemedy }>
  prepare: Readonly<{
    incidentId: string
    targetId: string
    fingerprintId: string
    executionId: string
    remedy: ConfirmedRemedy
    plan: Plan
    /** Who let it run. */
    authority: Authority
  }>
  'run-step': Readonly<{
    targetId: string
    executionId: string
    step: NamedStep
    timeoutMs: number
    privileged: 'fix' | 'restore'
    touched: Touched
  }>
  settle: Readonly<{ targetId: string; ran: RanStep }>
  verify: Readonly<{ targetId: string; action: ActionRef; windowMs: number }>
  prove: Readonly<{ targetId: string; before: StateVector; action: ActionRef }>
}>

export type EffectResults = Readonly<{
  /** How many rows went, by what they were. What a clean-up before a crash had dropped already is not counted again. */
  'clean-up': Readonly<{ kind: 'dropped'; rows: Readonly<Record<string, number>> }>
  survey:
    | Readonly<{ kind: 'seen'; baseline: readonly BaselineEntry[]; limits: Readonly<Record<string, number>> }>
    | Readonly<{ kind: 'unseen'; reason: string }>
  investigate:
    | Readonly<{ kind: 'confirmed'; remedy: ConfirmedRemedy; evidence: readonly Evidence[] }>
    | Readonly<{ kind: 'not-confirmed'; evidence: readonly Evidence[] }>
    /** It was there, and Steward's own supervisor has mended it meanwhile. */
    | Readonly<{ kind: 'recovered'; evidence: readonly Evidence[] }>
    /** The supervisor is at it: what it makes of it is waited for. */
    | Readonly<{ kind: 'held-back'; by: 'supervisor'; evidence: readonly Evidence[] }>
    | Readonly<{ kind: 'unknown'; reason: string; evidence: readonly Evidence[] }>
    | Readonly<{ kind: 'report-only'; reason: string; evidence: readonly Evidence[] }>
    /** No fault of the catalogue fits. */
    | Readonly<{ kind: 'unrecognised'; evidence: readonly Evidence[] }>
  analyse:
    | Readonly<{
        kind: 'answered'
        diagnosis: Protected
        why: Protected
        evidenceIds: readonly string[]
        confidence: number
        chosen: ChosenRemedy | null
        model: string
      }>
    | Readonly<{ kind: 'no-analyst' }>
    | Readonly<{ kind: 'failed'; rule: string; says: Protected; retryAfterMs: number | null }>
  draft:
    | Readonly<{ kind: 'drafted'; plan: Plan; authority: Authority; approversNeeded: 1 | 2; actionsPerHostPerHour: number }>
    | Readonly<{ kind: 'not-confirmed'; evidence: readonly Evidence[] }>
    | Readonly<{ kind: 'not-permitted'; rule: string; says: string }>
    | Readonly<{ kind: 'unknown'; reason: string }>
  prepare:
    | Readonly<{
        kind: 'prepared'
        steps: readonly NamedStep[]
        rollback: readonly NamedStep[]
        before: StateVector
        /** How files and settings are meant to stand after the steps. */
        meant: Restorable
      }>
    /** The plan that was approved is not the plan of now. Nothing was done. */
    | Readonly<{ kind: 'drifted'; changed: readonly string[] }>
    | Readonly<{ kind: 'not-confirmed'; evidence: readonly Evidence[] }>
    | Readonly<{ kind: 'halted'; by: string }>
    | Readonly<{ kind: 'refused'; rule: string; says: string }>
    | Readonly<{ kind: 'unknown'; reason: string }>
  'run-step': /** `left`: what was seen of files and settings when a step of the fix had ended; null when it was not looked at, or could not be seen. */
    | Readonly<{ kind: 'ended'; exitCode: number; says: Protected; left: Restorable | null; ran: RanStep }>
    /** Provably nothing ran: halted, the mark was taken by a fence, or the host was not reached. */
    | Readonly<{ kind: 'never-ran'; reason: string; ran: RanStep }>
    /** A restore that comes late, and would overwrite what somebody else has changed since. Nothing was touched. */
    | Readonly<{ kind: 'changed-by-others'; changes: readonly ForeignChange[]; ran: RanStep }>
  settle:
    | Readonly<{ kind: 'void'; ran: RanStep }>
    | Readonly<{ kind: 'ended'; exitCode: number; ran: RanStep }>
    | Readonly<{ kind: 'running'; ran: RanStep }>
    | Readonly<{ kind: 'unknown'; rebooted: boolean; ran: RanStep }>
  verify:
    | Readonly<{ kind: 'holds'; probes: number }>
    | Readonly<{ kind: 'does-not-hold'; facts: JsonObject; says: string }>
    | Readonly<{ kind: 'unknown'; reason: string }>
  prove:
    | Readonly<{ kind: 'same' }>
    | Readonly<{ kind: 'different'; differences: readonly string[] }>
    | Readonly<{ kind: 'unknown'; reason: string }>
}>

export type EffectKind = keyof EffectParams

/** `once`: acts on a host; probed and reconciled after an unknown outcome. `repeatable`: run again after a crash. */
export const effectModes: Readonly<Record<EffectKind, 'once' | 'repeatable'>> = {
  // What is past its time at a given moment is gone after the first time.
  'clean-up': 'repeatable',
  survey: 'repeatable',
  investigate: 'repeatable',
  analyse: 'repeatable',
  draft: 'repeatable',
  // Idempotent by construction: a snapshot that exists for this execution is kept as it is.
  prepare: 'repeatable',
  'run-step': 'once',
  // A fence that exists stays; asking twice gives the same answer.
  settle: 'repeatable',
  verify: 'repeatable',
  prove: 'repeatable',
}

export type ActionRef = Readonly<{ id: ActionId; version: number; params: JsonObject }>

/** What an analyst chose; its parameters are resolved like those of a fault's remedies, never taken from the answer. */
export type ChosenRemedy = Readonly<{ actionId: string; confidence: number; diagnosis: string }>

/** A remedy whose precondition held on the host. */
export type ConfirmedRemedy = Readonly<{
  action: ActionRef
  chosenBy: 'catalogue' | 'analyst'
  confidence: number
  diagnosis: string
  title: string
}>

/** Which step a result speaks of. */
export type RanStep = Readonly<{ executionId: string; step: string; say: string }>

export type NamedStep = Readonly<{ name: string; say: string; run: Program }>

/** What a restore would overwrite, in the forms that it may be found in without anybody else having been there. */
export type Touched = Readonly<{
  action: ActionRef
  before: Restorable
  meant: Restorable
  /** As it was seen after the last step of the fix that is known to have ended. */
  seen: Restorable | null
  /** From then on Steward may have been away long enough for somebody else to work there: a restore looks before it overwrites. */
  lateAt: Instant
}>

/** Files by their path, settings by their name. */
export type Restorable = Pick<StateVector, 'files' | 'settings'>

/** Everything that rollback has to bring back, as it was before the first step. */
export type StateVector = Readonly<{
  /** Path -> canonical state (kind, mode, owner, link, size, content hash, extended attributes). */
  files: Readonly<Record<string, JsonObject>>
  settings: Readonly<Record<string, string>>
  /** Level of the service's health probe. */
  health: 'up' | 'degraded' | 'down' | 'unknown'
  /** The probes that held or failed before; none may be worse afterwards. */
  precondition: 'holds' | 'does-not-hold' | 'unknown'
}>
