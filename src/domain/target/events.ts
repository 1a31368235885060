/** What can happen to a target: one watched service on one host. */
import type { TargetInventory } from '../catalogue/inventory.ts'
import type { Instant } from '../instant.ts'

export type TargetEvent =
  | Readonly<{ type: 'TargetRegistered'; data: TargetRegistration }>
  | Readonly<{ type: 'TargetModeChanged'; data: Readonly<{ targetId: string; mode: Mode; by: string; at: Instant }> }>
  | Readonly<{ type: 'TargetPaused'; data: Readonly<{ targetId: string; by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'TargetResumed'; data: Readonly<{ targetId: string; by: string; at: Instant }> }>
  | Readonly<{ type: 'TargetFrozen'; data: Readonly<{ targetId: string; incidentId: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'TargetUnfrozen'; data: Readonly<{ targetId: string; by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'TargetSeen'; data: Readonly<{ targetId: string; at: Instant }> }>
  | Readonly<{ type: 'TargetUnseen'; data: Readonly<{ targetId: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'BaselineRecorded'; data: BaselineRecord }>
  | Readonly<{ type: 'LogGapDetected'; data: LogGap }>
  | Readonly<{ type: 'TargetRetired'; data: Readonly<{ targetId: string; by: string; reason: string; at: Instant }> }>

/** observe: detect and tell. propose: plan, and wait for a person. act: the policy may approve. */
export const modes = ['observe', 'propose', 'act'] as const
export type Mode = (typeof modes)[number]

export type TargetRegistration = TargetInventory & Readonly<{ mode: Mode; by: string; at: Instant }>

/** How a file was when all was well. Contents lie on the host, named by their SHA-256; events hold hashes only. */
export type BaselineEntry = Readonly<{
  path: string
  kind: 'file' | 'directory' | 'symlink'
  /** Permission bits in octal, e.g. '0644'. */
  mode: string
  uid: number
  gid: number
  linkTarget?: string
  /** Only of configuration files, whose content can be put back. */
  sha256?: string
}>

export type BaselineRecord = Readonly<{
  targetId: string
  entries: readonly BaselineEntry[]
  /** Runtime limits by name, e.g. `redis.maxmemory`. */
  limits: Readonly<Record<string, number>>
  reason: 'registration' | 'verified-change' | 'accepted-drift'
  at: Instant
}>

export type LogGap = Readonly<{
  targetId: string
  path: string
  generation: string
  fromOffset: number
  toOffset: number | null
  reason: 'truncated' | 'rotated-away' | 'replaced'
  at: Instant
}>
