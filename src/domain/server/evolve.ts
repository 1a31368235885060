/** What each event makes of a server. */
import { unreachable } from '../decider.ts'
import type { ServerEvent, ToolCatalogChange } from './events.ts'
import type { Server, ServerFields } from './state.ts'
import { approveTool, offerTool, type Tool, unseenTool, withdrawTool } from './tool.ts'

export function evolve(server: Server, event: ServerEvent): Server {
  if (event.type === 'ServerRegistered') {
    if (server.situation !== 'absent') return server
    const { serverId, name, builtIn, config, enabled } = event.data
    return { situation: 'registered', serverId, name, builtIn, config, enabled, ...beginning }
  }
  if (server.situation === 'absent') return server
  if (event.type === 'ServerRestored') {
    if (server.situation !== 'retired') return server
    const { retiredAt: _, ...fields } = server
    return { ...fields, situation: 'registered' }
  }
  if (server.situation === 'retired') return server
  switch (event.type) {
    case 'ServerConfigChanged':
      return { ...server, config: event.data.config, run: server.run && { ...server.run, outdated: true } }
    case 'ServerEnabled':
      return { ...server, enabled: true, disabledBecause: undefined, failedStarts: 0, crashes: 0 }
    case 'ServerDisabled':
      return { ...server, enabled: false, disabledBecause: event.data.because, desired: 'stopped', restart: undefined }
    case 'ServerStartRequested':
      return { ...server, ...wanted, ...rested(server) }
    case 'ServerRestartRequested':
      return { ...server, ...wanted, ...rested(server), run: server.run && { ...server.run, replace: true } }
    case 'ServerStopRequested':
      return { ...server, desired: 'stopped', restart: undefined }
    case 'MaintenanceEntered':
      return { ...server, state: 'maintenance', restart: undefined }
    case 'MaintenanceLeft':
      return { ...server, state: 'stopped' }
    case 'ExecutableApproved':
      return { ...server, approvedArgv: new Set([...server.approvedArgv, event.data.argvHash]) }
    case 'ServerRetired':
      return { ...server, situation: 'retired', retiredAt: event.data.at, enabled: false, desired: 'stopped', restart: undefined }
    case 'ServerStarting': {
      const { runId, supervisorId, at } = event.data
      const fresh = { process: undefined, negotiated: undefined, runningSince: undefined, replace: false, outdated: false }
      const run = { runId, supervisorId, startingAt: at, ...fresh }
      return { ...server, state: 'starting', run, restart: undefined, health: 'unknown' }
    }
    case 'ServerSpawned': {
      const { runId, pid, startTicks, limitedBy } = event.data
      return server.run?.runId === runId ? { ...server, run: { ...server.run, process: { pid, startTicks, limitedBy } } } : server
    }
    case 'ServerRunning': {
      const { runId, era, protocolVersion, serverName, serverVersion, capabilities, at } = event.data
      if (server.run?.runId !== runId) return server
      const negotiated = { era, protocolVersion, serverName, serverVersion, capabilities }
      const run = { ...server.run, negotiated, runningSince: at }
      return { ...server, state: 'running', run, health: 'healthy', failure: undefined, failedStarts: 0 }
    }
    case 'ServerStopping':
      return { ...server, state: 'stopping' }
    case 'ServerStopped':
      return { ...server, state: server.state === 'maintenance' ? 'maintenance' : 'stopped', run: undefined, health: 'unknown' }
    case 'ServerFailed': {
      const { serverId: _, runId: __, at: ___, ...failure } = event.data
      const { failedStarts, crashes } = failure
      return { ...server, state: 'error', run: undefined, health: 'unhealthy', failure, failedStarts, crashes }
    }
    case 'ServerRestartScheduled':
      return { ...server, restart: { attempt: event.data.attempt, dueAt: event.data.dueAt } }
    case 'ServerRestartBudgetExhausted':
      return { ...server, desired: 'stopped', restart: undefined }
    case 'ServerHealthChanged':
      return { ...server, health: event.data.to }
    case 'ToolCatalogChanged':
      return withCatalog(server, event.data)
    case 'InstructionsApproved':
      return { ...server, instructions: { approved: server.instructions.pending ?? null, pending: undefined } }
    case 'ToolQuarantined':
      // What was approved stays as it is; the new definition has waited since the catalogue changed.
      return server
    case 'ToolApproved':
      return withTool(server, event.data.tool, approveTool)
    case 'ToolEnabled':
      return withTool(server, event.data.tool, (tool) => ({ ...tool, enabled: true }))
    case 'ToolDisabled':
      return withTool(server, event.data.tool, (tool) => ({ ...tool, enabled: false }))
    case 'ToolSettingsChanged': {
      const { bypass, retrySafe } = event.data
      return withTool(server, event.data.tool, (tool) => ({ ...tool, bypass: bypass ?? undefined, retrySafe }))
    }
    default:
      return unreachable(event)
  }
}

/** A person's word makes every count begin anew. */
const wanted = { desired: 'running', failedStarts: 0, crashes: 0, restart: undefined } as const satisfies Partial<ServerFields>

/** What failed waits for nothing any more: it may start. */
const rested = ({ state }: ServerFields): Partial<ServerFields> => (state === 'error' ? { state: 'stopped' } : {})

const beginning = {
  disabledBecause: undefined,
  desired: 'stopped',
  state: 'stopped',
  run: undefined,
  health: 'unknown',
  failure: undefined,
  failedStarts: 0,
  crashes: 0,
  restart: undefined,
  approvedArgv: new Set<string>(),
  tools: new Map<string, Tool>(),
  instructions: { approved: null, pending: undefined },
  catalogued: false,
} as const satisfies Partial<ServerFields>

function withCatalog(server: Extract<Server, { situation: 'registered' }>, change: ToolCatalogChange): Server {
  const taken = new Set(change.taken)
  const tools = new Map(server.tools)
  for (const hashed of [...change.added, ...change.changed.map(({ to }) => to)]) {
    const { name } = hashed.definition
    tools.set(name, offerTool(tools.get(name) ?? unseenTool(name), hashed, taken.has(name)))
  }
  for (const name of change.removed) {
    const tool = tools.get(name)
    if (tool) tools.set(name, withdrawTool(tool))
  }
  return { ...server, tools, instructions: withInstructions(server, change), catalogued: true }
}

function withInstructions({ instructions }: ServerFields, { instructions: change }: ToolCatalogChange): ServerFields['instructions'] {
  if (change === undefined) return instructions
  const { told, taken } = change
  return taken || told?.hash === instructions.approved?.hash ? { approved: told, pending: undefined } : { ...instructions, pending: told }
}

function withTool(server: Extract<Server, { situation: 'registered' }>, name: string, change: (tool: Tool) => Tool): Server {
  const tool = server.tools.get(name)
  return tool ? { ...server, tools: new Map(server.tools).set(name, change(tool)) } : server
}
