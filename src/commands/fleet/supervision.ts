/** What a supervisor works with, and each of its servers too. */
import type { Instant } from '../../domain/instant.ts'
import type { ChildProcesses } from '../../domain/ports/child-processes.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { HealthSamples } from '../../domain/ports/health-samples.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Leases } from '../../domain/ports/leases.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { McpSessions, NegotiateOptions } from '../../domain/ports/mcp.ts'
import type { ServerRoster } from '../../domain/ports/server-roster.ts'
import type { Slots } from '../../domain/slots.ts'
import type { HandleCommand } from '../aggregate-commands.ts'
import type { EventLog } from '../event-log.ts'
import type { Launch } from './launch.ts'

export type Supervision = Readonly<{
  log: EventLog
  handle: HandleCommand
  roster: ServerRoster
  processes: Pick<ChildProcesses, 'sweep' | 'endLeftOver' | 'place'>
  launch: Launch
  sessions: McpSessions
  identity: NegotiateOptions['identity']
  leases: Leases
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
  /** 0 up to 1. */
  jitter: () => number
  /** Starts at the same time. */
  slots: Slots
  /** Health probes at the same time, over all servers. */
  probes: Slots
  samples: HealthSamples
  /** Where a run writes its error stream. */
  logPathOf: (name: string, runId: string) => string
  /** Something of a server has changed that its callers may have to hear of. */
  changed?: (serverId: string) => void
  /** It is no more: nobody can call it. */
  retired?: (serverId: string) => void
  /** Aborts when Steward has no time left to record anything. */
  drain: AbortSignal
}>

/** The same, while this instance is the one that supervises. */
export type Held = Supervision &
  Readonly<{
    supervisorId: string
    /** Whether that supervisor ran with our data directory: then nothing of it is left, because a place has one Steward at a time. */
    isHere(supervisorId: string): boolean
    /** When a supervisor elsewhere, which has lost its lease, has surely taken its programs down. */
    othersGoneAt: Instant
  }>
