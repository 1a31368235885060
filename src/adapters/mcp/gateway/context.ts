/** What every part of the gateway is given. */
import type { GatewayServer, GatewayUsage, McpDirectory } from '../../../domain/ports/mcp.ts'

export type GatewayParts = Readonly<{
  directory: McpDirectory
  /** Takes one line of usage; must return at once. */
  record: (usage: GatewayUsage) => void
  /** Something that a client or a server sent and that could not be passed on, by its rule. */
  onRefused?: (facts: Readonly<{ server: string; rule: string; says: string }>) => void
  /** Unguessable. Default: random UUIDs. */
  freshId?: () => string
  /** Milliseconds since the epoch. Default: the clock of the system. */
  nowMs?: () => number
  limits?: Partial<GatewayLimits>
}>

export type GatewayLimits = Readonly<{
  sessionsPerPrincipal: number
  sessions: number
  /** A session that nobody uses is forgotten; its client starts a new one. */
  sessionTtlMs: number
  /** Questions of a server that a client leaves unanswered. */
  questionTtlMs: number
  /** Calls of one session at the same time. */
  callsPerSession: number
}>

export const gatewayLimits: GatewayLimits = {
  sessionsPerPrincipal: 1_000,
  sessions: 10_000,
  sessionTtlMs: 24 * 3_600_000,
  questionTtlMs: 600_000,
  callsPerSession: 256,
}

export type GatewayContext = Readonly<{
  record: (usage: GatewayUsage) => void
  refused: (server: string, rule: string, says: string) => void
  freshId: () => string
  nowMs: () => number
  limits: GatewayLimits
  /**
   * Before a line of its own is opened. Returns what is to be called when it is open, or could not be opened.
   * @throws GatewayRefusal the server has as many as it may have, and none is idle.
   */
  makeRoom: (server: GatewayServer) => Promise<() => void>
}>
