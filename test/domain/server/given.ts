/** A managed server in the situations that specifications begin from. */
import { instant, later } from '../../../src/domain/instant.ts'
import { type ServerConfig, serverDefaults } from '../../../src/domain/server/config.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { server } from '../../../src/domain/server/server.ts'
import type { HashedTool } from '../../../src/domain/server/tool.ts'
import { specify } from '../../support/specify.ts'

export const spec = specify(server)
export const now = instant('2026-11-21T10:00:00.000Z')
export const after = (ms: number) => later(now, ms)

export const config: ServerConfig = {
  ...serverDefaults,
  displayName: 'Everything',
  transport: { kind: 'stdio', command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'], env: {} },
}
export const serverId = 's-1'
const of = { serverId, at: now }
export const said = { by: 'mira', reason: 'because', now } as const
export const told = { serverId, by: 'mira', reason: 'because', at: now } as const

export const registered = (
  changes: Partial<ServerConfig> = {},
  enabled = true,
  who: Readonly<{ serverId: string; name: string }> = { serverId, name: 'everything' },
): ServerEvent => ({
  type: 'ServerRegistered',
  data: { ...who, config: { ...config, ...changes }, builtIn: false, enabled, by: 'mira', at: now },
})
export const wanted: ServerEvent = { type: 'ServerStartRequested', data: told }
export const starting = (runId = 'r-1'): ServerEvent => ({ type: 'ServerStarting', data: { ...of, runId, supervisorId: 'steward-a' } })
export const negotiated = {
  era: 'session',
  protocolVersion: '2025-11-25',
  serverName: 'everything',
  serverVersion: '1.0.0',
  capabilities: { tools: {} },
} as const
export const running = (runId = 'r-1', at = now): ServerEvent => ({
  type: 'ServerRunning',
  data: { serverId, runId, ...negotiated, startedInMs: 0, at },
})
export const stopped = (runId = 'r-1'): ServerEvent => ({
  type: 'ServerStopped',
  data: { ...of, runId, exit: { how: 'asked', code: 0, signal: null } },
})

export const report = (runId = 'r-1', at = now) =>
  ({
    type: 'ReportServerFailed',
    data: {
      runId,
      reason: 'exited',
      says: { text: 'it ended with code 1' },
      exit: { how: 'gone', code: 1, signal: null },
      stderrTail: { text: 'boom' },
      jitter: 0.5,
      now: at,
    },
  }) as const

export const failed = (
  counts: Readonly<{ wasRunning: boolean; failedStarts: number; crashes: number }>,
  runId = 'r-1',
  at = now,
): ServerEvent => {
  const { jitter: _, now: __, ...facts } = report(runId).data
  return { type: 'ServerFailed', data: { serverId, ...facts, ...counts, at } }
}
export const scheduled = (attempt: number, dueAt = now, at = now): ServerEvent => ({
  type: 'ServerRestartScheduled',
  data: { serverId, attempt, dueAt, at },
})

export const tool = (name: string, hash: string): HashedTool => ({ hash, definition: { name, inputSchema: { type: 'object' } } })
