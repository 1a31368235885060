/**
 * What people ask of the supervisor itself rather than of the log: list the tools now, show what a server wrote, try a configuration. Only the instance
 * that supervises can answer; any other one says so instead of guessing.
 */

import { elapsedMs } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { McpRequestFailed, type McpSessions, type NegotiateOptions } from '../../domain/ports/mcp.ts'
import type { ServerLogLines, ServerLogs } from '../../domain/ports/server-logs.ts'
import { protect } from '../../domain/protected.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { FailureReason, Negotiated } from '../../domain/server/events.ts'
import type { Slots } from '../../domain/slots.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import type { Launch } from './launch.ts'
import { beginLife } from './server-life.ts'
import type { Supervisor } from './supervisor.ts'

/** Each function throws `CommandRefused` `server-not-supervised-here` where another instance supervises, or none does. */
export interface FleetDesk {
  /** Lists the tools of a server that runs; what has changed is recorded. @throws CommandRefused `server-not-running`, `server-did-not-answer` */
  refreshServer(serverId: string, signal: AbortSignal): Promise<void>
  /** What a server wrote on its error stream, the oldest line first: the last `limit` lines, or the next ones behind `after`. */
  serverLogs(serverId: string, options: Readonly<{ limit: number; after?: string | undefined }>): Promise<ServerLogLines>
  /** Starts a throw-away instance, beside the one that runs, and ends it. What fails is an answer, not an error. */
  testServer(config: ServerConfig, options: Readonly<{ approved: boolean; signal: AbortSignal }>): Promise<ServerTest>
}

export type ServerTest = Readonly<{
  works: boolean
  durationMs: number
  negotiated: Omit<Negotiated, 'capabilities'> | null
  tools: readonly string[]
  failure: Readonly<{ reason: FailureReason; says: string; stderrTail: string }> | null
}>

/** Of an instance without a supervisor. */
export const deskOfNobody: FleetDesk = {
  refreshServer: async () => notHere(),
  serverLogs: async () => notHere(),
  testServer: async () => notHere(),
}

export type FleetDeskOptions = Readonly<{
  supervisor: Pick<Supervisor, 'server' | 'supervises'>
  log: Pick<EventLog, 'states'>
  logs: ServerLogs
  /** Tests take the places of starts: a machine starts only so many programs at once. */
  slots: Slots
  launch: Launch
  sessions: McpSessions
  identity: NegotiateOptions['identity']
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
}>

export function createFleetDesk(options: FleetDeskOptions): FleetDesk {
  const { supervisor, log, logs, slots, ids, clock, logger } = options
  return {
    async refreshServer(serverId, signal) {
      if (!supervisor.supervises()) notHere()
      const managed = supervisor.server(serverId)
      if (!managed?.session) throw new CommandRefused({ rule: 'server-not-running', facts: { state: managed?.state?.state ?? 'stopped' } })
      signal.throwIfAborted()
      try {
        await managed.refresh()
      } catch (error) {
        if (!(error instanceof McpRequestFailed)) throw error
        throw new CommandRefused({ rule: 'server-did-not-answer', facts: { broken: error.rule, says: protect(error.message, 500).text } })
      }
    },
    async serverLogs(serverId, asked) {
      // The files lie where the programs run.
      if (!supervisor.supervises()) notHere()
      const { state } = await log.states.server(serverId)
      if (state.situation === 'absent') return { lines: [], cursor: ':0' }
      const { lines, cursor } = await logs.read(state.name, asked)
      return { lines: lines.map(({ runId, text }) => ({ runId, text: protect(text).text })), cursor }
    },
    async testServer(config, { approved, signal }) {
      if (!supervisor.supervises()) notHere()
      const free = await slots.take(signal)
      try {
        return await tryOnce(config, approved, signal)
      } finally {
        free()
      }
    },
  }

  async function tryOnce(config: ServerConfig, approved: boolean, signal: AbortSignal): Promise<ServerTest> {
    const { launch, sessions, identity, hash } = options
    const runId = ids.fresh()
    const begun = clock.now()
    let tools: readonly string[] = []
    let negotiated: ServerTest['negotiated'] = null
    const runs = Promise.withResolvers<void>()
    const life = beginLife({
      ...{ runId, config, approved, launch, sessions, identity, hash, clock, prior: undefined, jitter: () => 0 },
      logPath: logs.pathOf(TESTS, runId),
      hears: {
        spawned: async () => undefined,
        health: async () => undefined,
        async tools(listed, _instructions, { invalid }) {
          tools = listed.map(({ definition }) => definition.name)
          for (const { name, says } of invalid) logger.info({ runId, tool: name, says }, 'a tried server has a tool that cannot be served')
        },
        async running({ negotiated: { era, version, serverInfo } }) {
          negotiated = { era, protocolVersion: version, serverName: serverInfo.name, serverVersion: serverInfo.version }
          runs.resolve()
        },
      },
    })
    const leave = () => life.stop()
    signal.addEventListener('abort', leave, { once: true })
    try {
      if (signal.aborted) leave()
      const ended = await Promise.race([runs.promise.then(() => undefined), life.ended])
      const durationMs = elapsedMs(begun, clock.now())
      const failure = ended?.kind === 'failed' ? ended : undefined
      if (failure === undefined) return { works: ended === undefined, durationMs, negotiated, tools, failure: null }
      const { reason, says, stderrTail } = failure
      const told = { reason, says: protect(says).text, stderrTail: protect(stderrTail.slice(-STDERR_EXCERPT)).text }
      return { works: false, durationMs, negotiated, tools, failure: told }
    } finally {
      signal.removeEventListener('abort', leave)
      // Nothing of it outlives the answer.
      life.stop()
      await life.ended
    }
  }
}

/** No server can have this name: those begin with a letter or digit. */
const TESTS = '.tests'
const STDERR_EXCERPT = 3_500

function notHere(): never {
  throw new CommandRefused({ rule: 'server-not-supervised-here', facts: {} })
}
