/**
 * What exactly will be done, bound by its hash. Whatever changes by itself (pids, counters) is not in it: the parameters name a bounded
 * selector instead, resolved under the lock.
 */
import type { ActionId, Resource, Reversibility, Risk, Service } from '../catalogue/action.ts'
import type { Program } from '../catalogue/program.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Protected } from '../protected.ts'

/** The part that `planHash` covers: SHA-256 over its canonical JSON (RFC 8785). */
export type PlanTerms = Readonly<{
  incidentId: string
  targetId: string
  hostId: string
  /** The key of the host that the plan was made for, as OpenSSH prints its fingerprint. */
  hostKeyFingerprint: string
  service: Service
  action: Readonly<{ id: ActionId; version: number; params: JsonObject }>
  reversibility: Reversibility
  risk: Risk
  resources: readonly Resource[]
  /** What each step does, in a person's words. */
  steps: readonly string[]
  precondition: Program
  postcondition: Program
  snapshot: readonly string[]
  files: readonly FileChange[]
  /** Every probe of this window must hold, in milliseconds. */
  windowMs: number
  timeoutMs: number
  catalogueVersion: string
  policyVersion: string
}>

export type FileChange = Readonly<{ path: string; sha256Before: string; sha256After: string }>

export type Plan = PlanTerms &
  Readonly<{
    planHash: string
    title: string
    diagnosis: string
    chosenBy: 'catalogue' | 'analyst'
    /** 0-1; 1 for the catalogue. */
    confidence: number
    /** How the earlier state comes back, in a person's words. */
    rollback: string
    /** Unified difference per file, secrets masked; for the person who approves. */
    diffs: readonly Readonly<{ path: string; diff: Protected }>[]
  }>
