/**
 * A fleet without a log: real children of the real adapter, the real gateway on a real port, and a directory that approves whatever a server
 * lists. What a test wants to be different it passes in.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openChildProcesses } from '../../../src/adapters/child-processes/child-processes.ts'
import { createMcpEndpoint } from '../../../src/adapters/mcp/endpoint.ts'
import type { GatewayParts } from '../../../src/adapters/mcp/gateway/context.ts'
import { createGateway, type Gateway } from '../../../src/adapters/mcp/gateway/gateway.ts'
import { mcpSessions } from '../../../src/adapters/mcp/sessions.ts'
import { createStdioLink } from '../../../src/adapters/mcp/stdio-link.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import {
  type CallVerdict,
  GatewayRefusal,
  type GatewayServer,
  type GatewayUsage,
  type McpLink,
  type McpSession,
  type NoiseKind,
} from '../../../src/domain/ports/mcp.ts'
import type { ToolDefinition } from '../../../src/domain/server/tool.ts'

export type FleetServer = Readonly<{
  name: string
  isolation?: 'shared' | 'session'
  command?: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
  maxSessions?: number
  sessionIdleMs?: number
  callTimeoutMs?: number
  /** What the supervisor can do for servers. Default: sampling and elicitation. */
  capabilities?: JsonObject
  prior?: Readonly<{ era: 'session' | 'stateless'; version: string }>
  callable?: (tool: string, args: JsonObject) => CallVerdict
  /** As approved. Default: as the server says. */
  instructions?: string | undefined
  /** Without it, a child. */
  link?: () => Promise<McpLink>
}>

export type Fleet = Readonly<{
  url: string
  gateway: Gateway
  usage: GatewayUsage[]
  refused: { server: string; rule: string; says: string }[]
  noise: [NoiseKind, string][]
  server(name: string): RunningServer
  [Symbol.asyncDispose](): Promise<void>
}>

export type RunningServer = Readonly<{
  starts: () => number
  /** Lines of one client alone that were opened. */
  owned: () => number
  session: () => McpSession | undefined
  /** Ends the child as a crash does; the next use starts it again. */
  kill(): Promise<void>
}>

const OK: CallVerdict = { kind: 'ok', timeoutMs: 30_000, retrySafe: false }

/** Bearer tokens are principals: the key of ann is `ann`. */
export async function startFleet(servers: readonly FleetServer[], parts: Partial<GatewayParts> = {}): Promise<Fleet> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'fleet-'))
  const processes = await openChildProcesses({ dataDirectory, logger: SILENT, limitMethod: 'none' })
  const usage: GatewayUsage[] = []
  const refused: Fleet['refused'] = []
  const noise: [NoiseKind, string][] = []
  let runs = 0

  async function open({ command = process.execPath, args, env = {} }: FleetServer): Promise<McpLink> {
    const child = await processes.spawn({ runId: `run-${++runs}`, command, args, env, limits: {} })
    return createStdioLink(child, { stopGraceMs: 500 })
  }

  const running = new Map<string, RunningServer & { gatewayServer: GatewayServer; close(): Promise<void> }>()
  for (const server of servers) {
    let starts = 0
    let owned = 0
    let session: McpSession | undefined
    let starting: Promise<McpSession> | undefined
    let tools: readonly ToolDefinition[] = []
    const { name, isolation = 'shared', callTimeoutMs = 10_000 } = server

    async function start(): Promise<McpSession> {
      starts++
      const link = await (server.link ?? (() => open(server)))()
      const identity = {
        info: { name: 'mcp-steward', version: '0' },
        capabilities: server.capabilities ?? { sampling: {}, elicitation: {} },
      }
      const agreed = await mcpSessions.negotiate(link, {
        identity,
        timeoutMs: 60_000,
        ...(server.prior === undefined ? {} : { prior: server.prior }),
        onNoise: (kind, excerpt) => noise.push([kind, excerpt]),
      })
      const listed = await mcpSessions.listTools(agreed, { timeoutMs: 10_000 })
      if (tools.length === 0) tools = listed.tools
      session = agreed
      return agreed
    }

    async function shared(): Promise<McpSession> {
      if (session?.open) return session
      starting ??= start().finally(() => {
        starting = undefined
      })
      return starting
    }

    await shared()
    running.set(name, {
      starts: () => starts,
      owned: () => owned,
      session: () => session,
      async kill() {
        const dying = session
        await dying?.close()
      },
      close: async () => session?.close(),
      gatewayServer: {
        serverId: `server-${name}`,
        name,
        unusable: undefined,
        isolation,
        maxSessions: server.maxSessions ?? 64,
        sessionIdleMs: server.sessionIdleMs ?? 60_000,
        callTimeoutMs,
        get negotiated() {
          return session?.negotiated
        },
        tools: () => tools,
        whyNoTools: () => (tools.length === 0 ? 'the server offers no tools' : undefined),
        instructions: () => ('instructions' in server ? server.instructions : session?.negotiated.instructions),
        callable: (tool, args) =>
          server.callable?.(tool, args) ??
          (tools.some((known) => known.name === tool)
            ? { ...OK, timeoutMs: callTimeoutMs }
            : { kind: 'refused', rule: 'tool-unknown', says: `Unknown tool: ${tool}`, as: 'error' }),
        shared,
        own: async () => {
          owned++
          return (server.link ?? (() => open(server)))().catch((error: unknown) => {
            throw new GatewayRefusal('spawn-failed', String(error))
          })
        },
      },
    })
  }

  const gateway = createGateway({
    directory: { find: (name) => running.get(name)?.gatewayServer },
    record: (line) => usage.push(line),
    onRefused: (facts) => refused.push({ ...facts }),
    ...parts,
  })
  const endpoint = createMcpEndpoint({
    gateway,
    admit: (authorization) => {
      const principal = /^Bearer (\w+)$/.exec(authorization ?? '')?.[1]
      return principal === undefined ? { status: 401, body: '{"error":"who is it?"}' } : { principal }
    },
  })
  const http = createServer((incoming, outgoing) => endpoint.handle(incoming, outgoing))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')

  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    gateway,
    usage,
    refused,
    noise,
    server(name) {
      const found = running.get(name)
      if (found === undefined) throw new RangeError(`no server ${name}`)
      return found
    },
    async [Symbol.asyncDispose]() {
      endpoint.close()
      await gateway.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      await Promise.allSettled([...running.values()].map((server) => server.close()))
      await processes.close()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {}, fatal() {}, child: () => SILENT } as const
