/** What the gateway may know and do of supervised servers: what they are now, whether a call may pass, and a line to speak on. */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import {
  GatewayRefusal,
  type GatewayServer,
  type GatewayUsage,
  type McpDirectory,
  type McpLink,
  type McpSession,
} from '../../domain/ports/mcp.ts'
import { admit, type BreakerLimits, broke, closedBreaker } from '../../domain/server/breaker.ts'
import { isApproved } from '../../domain/server/executable.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import { servedDefinition, type ToolDefinition, whyNoTools } from '../../domain/server/tool.ts'
import type { CallRules } from './call-rules.ts'
import { type Launch, LaunchFailed } from './launch.ts'
import { type LentLine, lentLine } from './lent-line.ts'
import type { ManagedServer } from './managed-server.ts'
import type { Supervisor } from './supervisor.ts'

export type DirectoryOptions = Readonly<{
  supervisor: Supervisor
  rules: CallRules
  launch: Launch
  ids: Ids
  hash: Hash
  clock: Clock
  logPathOf: (name: string, runId: string) => string
  breaker: BreakerLimits
}>

export const createDirectory = (options: DirectoryOptions): McpDirectory => ({
  find(name) {
    const managed = options.supervisor.byName(name)
    return managed?.state === undefined ? undefined : gatewayServer(managed, managed.state, options)
  },
})

function gatewayServer(managed: ManagedServer, state: RegisteredServer, options: DirectoryOptions): GatewayServer {
  const { rules, launch, ids, hash, clock, logPathOf } = options
  const { serverId, name, config } = state
  return {
    serverId,
    name,
    unusable: whyUnusable(managed, state),
    isolation: config.isolation,
    maxSessions: config.maxSessions,
    sessionIdleMs: config.sessionIdleMs,
    callTimeoutMs: config.callTimeoutMs,
    negotiated: managed.session?.negotiated,
    tools: () => servedTools(state),
    whyNoTools: () => whyNoTools(state.tools.values()),
    instructions: () => state.instructions.approved?.text,
    callable(tool, args) {
      const verdict = rules.judge(state, tool, args)
      if (verdict.kind !== 'ok') return verdict
      const { admitted, breaker, retryAfterMs } = admit(managed.breaker, clock.now(), options.breaker)
      managed.breaker = breaker
      if (admitted) return verdict
      const seconds = Math.ceil((retryAfterMs ?? 0) / 1_000)
      return {
        kind: 'refused',
        rule: 'circuit-open',
        says: `${name} has failed several times in a row; it is tried again in ${seconds} s`,
        as: 'error',
      }
    },
    async shared(signal): Promise<McpSession> {
      await managed.settled(signal)
      return managed.session ?? refuse(managed, name)
    },
    async own(label, signal): Promise<McpLink> {
      // Its tools are known from the run that the supervisor keeps; without one, nobody knows what may be called.
      await managed.settled(signal)
      // Not the configuration of now: what has changed since belongs to the next run, whose tools nobody has seen.
      const { runsWith } = managed
      if (managed.session === undefined || runsWith === undefined) return refuse(managed, name)
      const { stopGraceMs } = runsWith
      const opening = launch({
        runId: ids.fresh(),
        config: runsWith,
        approved: isApproved(state, runsWith, hash),
        logPath: logPathOf(name, `session-${label}`),
      }).then((launched): LentLine & typeof launched => ({ ...launched, ...lentLine(launched.link, end) }))
      // Lent before there is anything: a server that goes, or is started anew, takes with it what is only being opened.
      const takeBack = managed.lend({ end, idle: async () => (await opening).idle() })
      async function end(mostGraceMs = stopGraceMs): Promise<void> {
        const opened = await opening.catch(() => undefined)
        await opened?.stop(Math.min(stopGraceMs, mostGraceMs))
        takeBack()
      }
      try {
        return (await opening).link
      } catch (error) {
        takeBack()
        if (!(error instanceof LaunchFailed)) throw error
        throw new GatewayRefusal(error.reason, error.message)
      }
    },
  }
}

function refuse(managed: ManagedServer, name: string): never {
  const { state: now } = managed
  const why = now === undefined ? { rule: 'server-not-registered', says: `${name} was retired` } : whyUnusable(managed, now)
  throw new GatewayRefusal(why?.rule ?? 'server-not-running', why?.says ?? `${name} does not run`)
}

/** Moves the breaker of a server by how a call of it ended. What the caller did wrong says nothing about the server. */
export const createCallObserver =
  ({ supervisor, clock, breaker }: Pick<DirectoryOptions, 'supervisor' | 'clock' | 'breaker'>) =>
  ({ serverId, outcome }: Pick<GatewayUsage, 'serverId' | 'outcome'>): void => {
    const managed = supervisor.server(serverId)
    if (!managed) return
    if (outcome === 'timed-out' || outcome === 'lost') managed.breaker = broke(managed.breaker, clock.now(), breaker)
    if (outcome === 'ok' || outcome === 'tool-error' || outcome === 'error') managed.breaker = closedBreaker
  }

const served = new WeakMap<RegisteredServer['tools'], readonly ToolDefinition[]>()

/** The same list for as long as nothing changes. */
function servedTools({ tools }: RegisteredServer): readonly ToolDefinition[] {
  const known = served.get(tools)
  if (known) return known
  const list = [...tools.values()].flatMap((tool) => servedDefinition(tool) ?? [])
  served.set(tools, list)
  return list
}

function whyUnusable(managed: ManagedServer, state: RegisteredServer): GatewayServer['unusable'] {
  const { name, enabled, desired, state: lifecycle, restart, failure } = state
  if (!enabled)
    return {
      rule: 'server-disabled',
      says: `${name} is disabled${state.disabledBecause === 'failures' ? ': it failed to start several times' : ''}`,
    }
  if (lifecycle === 'maintenance') return { rule: 'server-in-maintenance', says: `${name} is in maintenance` }
  if (desired === 'stopped') return { rule: 'server-stopped', says: `${name} is stopped; start it with: steward server start ${name}` }
  // It runs, or will: one that has died a moment ago is `running` until its end is recorded, and is waited for like any other.
  if (managed.session || managed.draining || lifecycle !== 'error' || restart) return undefined
  return { rule: 'server-failed', says: `${name} has failed: ${failure?.says.text ?? 'it does not run'}` }
}
