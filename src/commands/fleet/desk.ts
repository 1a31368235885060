/**
 * What people ask of the supervisor itself rather than of the log: list the tools now, show what a server wrote, try a configuration. Only the instance
 * that supervises can answer; any other one says so instead of guessing.
 */

import { elapsedMs } from '../../domain/instant.ts'
import type { CanaryStart } from '../../domain/ports/canary-start.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { McpRequestFailed, type PlainAnswer, type PlainCall } from '../../domain/ports/mcp.ts'
import type { ServerLogLines, ServerLogs } from '../../domain/ports/server-logs.ts'
import { protect } from '../../domain/protected.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { FailureReason, Negotiated } from '../../domain/server/events.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import type { FleetVitals, ServerVitals } from './fleet-figures.ts'
import type { Supervisor } from './supervisor.ts'
import { tryUpgrade, type UpgradeTrial } from './upgrade-trial.ts'

/** Each function but `vitals` and `allVitals` throws `CommandRefused` `server-not-supervised-here` where another instance supervises, or none does. */
export interface FleetDesk {
  /** Lists the tools of a server that runs; what has changed is recorded. @throws CommandRefused `server-not-running`, `server-did-not-answer` */
  refreshServer(serverId: string, signal: AbortSignal): Promise<void>
  /** What a server wrote on its error stream, the oldest line first: the last `limit` lines, or the next ones behind `after`. */
  serverLogs(serverId: string, options: Readonly<{ limit: number; after?: string | undefined }>): Promise<ServerLogLines>
  /** How a server fares, as only its supervisor knows. Undefined: it is supervised elsewhere, or by nobody; who asks shows the rest. */
  vitals(serverId: string): Promise<ServerVitals | undefined>
  /** Of all servers, by their ids. Undefined: another instance supervises, or none does. */
  allVitals(): Promise<ReadonlyMap<string, ServerVitals> | undefined>
  /**
   * Calls a tool for somebody who speaks no MCP.
   * @throws CommandRefused `tool-call-refused`, `tool-call-timed-out` or `circuit-open`, with the rule: no answer of the tool came
   */
  callTool(call: Omit<PlainCall, 'server'> & Readonly<{ serverId: string }>): Promise<JsonObject>
  /** Starts a throw-away instance, beside the one that runs, and ends it. What fails is an answer, not an error. */
  testServer(config: ServerConfig, options: Readonly<{ approved: boolean; signal: AbortSignal }>): Promise<ServerTest>
  /** Starts another version of its package beside the one that runs, ends it, and says what would differ. @throws CommandRefused `server-not-registered` */
  tryUpgrade(serverId: string, version: string, signal: AbortSignal): Promise<UpgradeTrial>
}

export type ServerTest = Readonly<{
  works: boolean
  durationMs: number
  negotiated: Omit<Negotiated, 'capabilities'> | null
  tools: readonly string[]
  failure: Readonly<{ reason: FailureReason; says: string; stderrTail: string }> | null
}>

export type FleetDeskOptions = Readonly<{
  gateway: Readonly<{ callTool(call: PlainCall): Promise<PlainAnswer> }>
  supervisor: Pick<Supervisor, 'server' | 'supervises'>
  log: Pick<EventLog, 'states'>
  vitals: Pick<FleetVitals, 'of' | 'all'>
  logs: ServerLogs
  canary: CanaryStart
  hash: Hash
  clock: Clock
}>

export function createFleetDesk(options: FleetDeskOptions): FleetDesk {
  const { supervisor, log, logs, canary, hash, clock } = options
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
    vitals: (serverId) => options.vitals.of(serverId),
    allVitals: async () => (supervisor.supervises() ? await options.vitals.all() : undefined),
    async callTool({ serverId, ...call }) {
      if (!supervisor.supervises()) notHere()
      const name = supervisor.server(serverId)?.state?.name
      if (name === undefined) throw new CommandRefused({ rule: 'server-not-registered', facts: { situation: 'absent' } })
      const answer = await options.gateway.callTool({ ...call, server: name })
      if (answer.kind === 'result') return answer.result
      throw new CommandRefused({ rule: refusalOf(answer.rule), facts: { broken: answer.rule, says: protect(answer.says, 2_000).text } })
    },
    async testServer(config, { approved, signal }) {
      if (!supervisor.supervises()) notHere()
      const begun = clock.now()
      const tried = await canary.tryStart({ config, approved, signal })
      const durationMs = elapsedMs(begun, clock.now())
      const nothing = { works: false, durationMs, negotiated: null, tools: [], failure: null }
      switch (tried.kind) {
        case 'healthy': {
          const { capabilities: _, ...negotiated } = tried.negotiated
          return { ...nothing, works: true, negotiated, tools: tried.tools.map(({ definition }) => definition.name) }
        }
        case 'failed':
          return { ...nothing, failure: { reason: tried.reason, says: tried.says.text, stderrTail: tried.stderrTail.text } }
        case 'given-up':
          return nothing
      }
    },
    async tryUpgrade(serverId, version, signal) {
      if (!supervisor.supervises()) notHere()
      const { state } = await log.states.server(serverId)
      if (state.situation !== 'registered')
        throw new CommandRefused({ rule: 'server-not-registered', facts: { situation: state.situation } })
      return tryUpgrade({ server: state, version, signal }, { canary, hash })
    },
  }
}

function refusalOf(rule: string): 'circuit-open' | 'tool-call-timed-out' | 'tool-call-refused' {
  if (rule === 'circuit-open') return rule
  return rule === 'timed-out' ? 'tool-call-timed-out' : 'tool-call-refused'
}

function notHere(): never {
  throw new CommandRefused({ rule: 'server-not-supervised-here', facts: {} })
}
