/** Plausible figures about one managed server with one tool. */
import type { UsageQueries } from '../../../src/projections/queries/index.ts'
import type { Analytics, ServerAnalytics, ServerMetrics, ToolFigures } from '../../../src/projections/queries/usage-answers.ts'
import type { ToolCallRow } from '../../../src/projections/tool-calls.ts'
import { checkPosition, collection, type Model } from './collection.ts'
import { at } from './rows.ts'

const figures = {
  ...{ calls: 8, errors: 2, successRate: 0.75, cancelled: 1, refused: 3, bypassed: 0 },
  ...{ averageMs: 12.5, p50Ms: 10, p95Ms: 40, p99Ms: 41, longestMs: 41.2, requestBytes: 800, responseBytes: 9_000 },
}

const tool: ToolFigures = {
  ...figures,
  ...{ serverId: 'server-1', server: 'files', tool: 'read_file', state: 'quarantined', lastCallAt: at, callsLast24h: 4, errorsLast24h: 1 },
}

const server: ServerMetrics = {
  ...figures,
  ...{
    serverId: 'server-1',
    name: 'files',
    displayName: 'Files',
    situation: 'registered',
    enabled: true,
    state: 'running',
    health: 'healthy',
  },
  ...{ tools: { total: 2, enabled: 1 }, byTool: [tool], lastCallAt: at, runs: 1, failures: 0, upMs: 1_000, uptime: 0.5 },
  dailyUptime: [{ day: '2026-11-21', uptime: null }],
}

const common = {
  ...{
    period: '24h' as const,
    from: at,
    until: at,
    today: { calls: 1, errors: 0 },
    week: { calls: 2, errors: 1 },
    month: { calls: 3, errors: 1 },
  },
  ...{ daily: [{ day: '2026-11-21', calls: 1, errors: 0, successRate: 1 }], recording: { flushMs: 1_000, lostCalls: 5 } },
} as const

const analytics: Analytics = {
  ...{ ...figures, ...common, servers: { total: 2, active: 1 }, tools: { total: 2, enabled: 1 }, byServer: [server] },
  ...{ topTools: [tool], failingTools: [tool] },
}
const serverAnalytics: ServerAnalytics = { ...server, ...common }

const call: ToolCallRow = {
  ...{
    callId: 'call-1',
    serverId: 'server-1',
    tool: 'read_file',
    principal: 'mira/key-1',
    sessionId: null,
    conversation: 'c',
    startedAt: at,
  },
  ...{ durationMs: 1.5, outcome: 'refused', rule: 'tool-disabled', requestBytes: 1, responseBytes: 0, args: '{"path":"/tmp"}' },
}

/** `of`: the one server that was called. */
export const usageOf = (model: Model, of: () => string = () => 'server-1'): UsageQueries => ({
  async analytics(period, options = {}) {
    checkPosition(model, options)
    return { value: { ...renamed(analytics, of()), period }, position: model.position }
  },
  async server(serverId, period, options = {}) {
    checkPosition(model, options)
    return { value: serverId === of() ? { ...renamed(serverAnalytics, serverId), period } : undefined, position: model.position }
  },
  calls: collection(
    model,
    [call, { ...call, callId: 'call-2', tool: 'write_file', outcome: 'ok' as const, rule: null }],
    ({ callId }) => callId,
    (
      row,
      {
        serverId,
        tool: wanted,
        outcomes,
      }: { serverId?: string | undefined; tool?: string | undefined; outcomes?: readonly string[] | undefined },
    ) =>
      row.serverId === (serverId ?? row.serverId) && row.tool === (wanted ?? row.tool) && (outcomes ?? [row.outcome]).includes(row.outcome),
  ).list,
})

const renamed = <Value extends object>(value: Value, serverId: string): Value =>
  JSON.parse(JSON.stringify(value).replaceAll('"server-1"', JSON.stringify(serverId)))
