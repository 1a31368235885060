/** What a supervisor works with, and each of its servers too. */
import type { ChildProcesses } from '../../domain/ports/child-processes.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
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
  processes: Pick<ChildProcesses, 'sweep'>
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
  /** Where a run writes its error stream. */
  logPathOf: (name: string, runId: string) => string
  supervisorId: string
  /** Something of a server has changed that its callers may have to hear of. */
  changed?: (serverId: string) => void
  /** Aborts when Steward has no time left to record anything. */
  drain: AbortSignal
}>
