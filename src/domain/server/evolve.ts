/** What each event makes of a server. */
import { unreachable } from '../decider.ts'
import type { AlertKind, RaisedAlert } from './alerts.ts'
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
  if (event.type === 'ServerStopping' || event.type === 'ServerStopped' || event.type === 'ServerFailed') return ending(server, event)
  if (server.situation === 'retired' || event.type === 'ServerStepFenced') return server
  switch (event.type) {
    case 'ServerConfigChanged': {
      const { config, changed } = event.data
      // Another program, or another address, may speak in another way.
      const spoken = changed.some((field) => field.startsWith('transport')) ? undefined : server.spoken
      return { ...server, config, spoken, run: server.run && { ...server.run, outdated: true } }
    }
    case 'ServerEnabled':
      return { ...server, enabled: true, disabledBecause: undefined, failedStarts: 0, crashes: 0 }
    case 'ServerDisabled':
      return { ...server, enabled: false, disabledBecause: event.data.because, ...stopped }
    case 'ServerStartRequested':
      return { ...server, ...wanted, ...rested(server) }
    case 'ServerRestartRequested':
      return { ...server, ...wanted, ...rested(server), run: server.run && { ...server.run, replace: true } }
    case 'ServerStopRequested':
      return { ...server, ...stopped }
    case 'MaintenanceEntered':
      // It may be left again before anybody has ended the run: that run ends all the same, and another one follows.
      return { ...server, state: 'maintenance', restart: undefined, run: server.run && { ...server.run, replace: true } }
    case 'MaintenanceLeft':
      return { ...server, state: 'stopped' }
    case 'ExecutableApproved':
      return {
        ...server,
        approvedArgv: new Set([...server.approvedArgv, event.data.argvHash]),
        run: server.run && { ...server.run, approvedSince: true },
      }
    case 'ExecutableApprovalRevoked':
      return { ...server, approvedArgv: new Set([...server.approvedArgv].filter((hash) => hash !== event.data.argvHash)) }
    case 'ServerRetired':
      return { ...server, situation: 'retired', retiredAt: event.data.at, enabled: false, ...stopped }
    case 'ServerStarting': {
      const { runId, supervisorId, at } = event.data
      const fresh = {
        process: undefined,
        negotiated: undefined,
        runningSince: undefined,
        replace: false,
        outdated: false,
        approvedArgv: server.approvedArgv,
        approvedSince: false,
      }
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
      const spoken = { era, version: protocolVersion }
      return { ...server, state: 'running', run, spoken, health: 'healthy', failure: undefined, failedStarts: 0 }
    }
    case 'ServerRestartScheduled':
      return { ...server, restart: { attempt: event.data.attempt, dueAt: event.data.dueAt } }
    case 'ServerRestartBudgetExhausted':
      return { ...server, desired: 'stopped', exhausted: true, restart: undefined }
    case 'ServerHealthChanged':
      return { ...server, health: event.data.to }
    case 'ServerAlertRaised': {
      const { alert, value, threshold, at } = event.data
      return { ...server, alerts: new Map(server.alerts).set(alert, { value, threshold, since: at }) }
    }
    case 'ServerAlertCleared':
      return { ...server, alerts: new Map([...server.alerts].filter(([alert]) => alert !== event.data.alert)) }
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

type Ending = Extract<ServerEvent, { type: 'ServerStopping' | 'ServerStopped' | 'ServerFailed' }>

/** Of a retired server too: its run goes on until it has ended, and a run that never ends in the log would be ended again for ever. */
function ending<Known extends Exclude<Server, { situation: 'absent' }>>(server: Known, event: Ending): Known {
  switch (event.type) {
    case 'ServerStopping':
      return { ...server, state: 'stopping' }
    case 'ServerStopped':
      return { ...server, state: server.state === 'maintenance' ? 'maintenance' : 'stopped', run: undefined, health: 'unknown' }
    case 'ServerFailed': {
      const { serverId: _, runId: __, at: ___, ...failure } = event.data
      const { failedStarts, crashes } = failure
      return { ...server, state: 'error', run: undefined, health: 'unhealthy', failure, failedStarts, crashes }
    }
    default:
      return unreachable(event)
  }
}

/** A person's word makes every count begin anew. */
const wanted = {
  desired: 'running',
  exhausted: false,
  failedStarts: 0,
  crashes: 0,
  restart: undefined,
} as const satisfies Partial<ServerFields>

const stopped = { desired: 'stopped', exhausted: false, restart: undefined } as const satisfies Partial<ServerFields>

/** What failed waits for nothing any more: it may start. */
const rested = ({ state }: ServerFields): Partial<ServerFields> => (state === 'error' ? { state: 'stopped' } : {})

const beginning = {
  disabledBecause: undefined,
  desired: 'stopped',
  exhausted: false,
  state: 'stopped',
  run: undefined,
  spoken: undefined,
  health: 'unknown',
  failure: undefined,
  failedStarts: 0,
  crashes: 0,
  restart: undefined,
  alerts: new Map<AlertKind, RaisedAlert>(),
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
