/**
 * The process manager that makes every managed server a target of healing: registered with it, retired with it, and not before a fix that holds its lane
 * has ended. An incident about a tool's definition ends when a person approves the definition: nothing else is to be done about it.
 */
import { unreachable } from '../../decider.ts'
import type { EventOf } from '../../events.ts'
import { command } from '../outputs.ts'
import type { DerivedId, Output, ProcessManager, ReactContext } from '../process-manager.ts'
import { serverTargetId } from './target-id.ts'

const inputs = [
  'ServerRegistered',
  'ServerRetired',
  'ServerRestored',
  'LanesReleased',
  'LanesLeft',
  'IncidentOpened',
  'ToolApproved',
] as const
type InputType = (typeof inputs)[number]
type Input = EventOf<InputType>

export type ServerCare = Readonly<{
  name: string
  /** Undefined: it is not registered. */
  targetId: string | undefined
  /** A target that is on its way out. */
  leaving: Readonly<{ targetId: string; by: string; reason: string }> | undefined
  /** The last incident about each tool. */
  toolIncidents: ReadonlyMap<string, string>
}>

/** What an incident about a changed definition is told by; the file of the fault has the same name. */
const TOOL_CHANGED = 'server.tool-changed'

export const serverCare: ProcessManager<ServerCare, InputType> = {
  name: 'server-care',
  introducedFrom: 'start',
  inputs,
  correlate(input) {
    switch (input.type) {
      case 'LanesReleased':
      case 'LanesLeft':
        return input.data.hostId
      case 'IncidentOpened':
        // The place of a managed server is the server itself.
        return input.data.service === 'server' ? input.data.hostId : undefined
      default:
        return input.data.serverId
    }
  },
  initialState: { name: '', targetId: undefined, leaving: undefined, toolIncidents: new Map() },
  evolve,
  react,
}

function evolve(state: ServerCare, input: Input, derivedId: DerivedId): ServerCare {
  switch (input.type) {
    case 'ServerRegistered':
      return { ...state, name: input.data.name, targetId: serverTargetId(input.data.at, derivedId) }
    case 'ServerRestored':
      return { ...state, targetId: serverTargetId(input.data.at, derivedId) }
    case 'ServerRetired': {
      const { targetId } = state
      if (targetId === undefined) return state
      const { by, reason } = input.data
      return { ...state, targetId: undefined, leaving: { targetId, by, reason }, toolIncidents: new Map() }
    }
    case 'LanesReleased':
      // A fix held it when it was to leave. To every other host this means nothing.
      return state.leaving ? { ...state } : state
    case 'LanesLeft':
      return state.leaving?.targetId === input.data.targetId ? { ...state, leaving: undefined } : state
    case 'IncidentOpened': {
      const { faultId, hints, incidentId } = input.data
      const tool = faultId === TOOL_CHANGED ? hints['tool'] : undefined
      return tool === undefined ? state : { ...state, toolIncidents: new Map(state.toolIncidents).set(tool, incidentId) }
    }
    case 'ToolApproved':
      return state.toolIncidents.has(input.data.tool) ? { ...state } : state
    default:
      return unreachable(input)
  }
}

function react(state: ServerCare, input: Input, { instance: serverId, now }: ReactContext): readonly Output[] {
  const { name, targetId, leaving, toolIncidents } = state
  switch (input.type) {
    case 'ServerRegistered':
    case 'ServerRestored': {
      if (targetId === undefined) return []
      const place = { hostId: serverId, logPaths: [], configPaths: [], stateDir: `server-${serverId}` }
      const registration = { targetId, name, service: 'server', ...place, mode: 'propose', by: input.data.by, at: now } as const
      return [command({ aggregate: 'target', id: targetId, command: { type: 'RegisterTarget', data: registration } })]
    }
    case 'ServerRetired':
    case 'LanesReleased':
      return leaving ? [leave(serverId, leaving.targetId, now)] : []
    case 'LanesLeft': {
      const data = { by: 'steward', reason: 'Its server was retired.', now }
      return [command({ aggregate: 'target', id: input.data.targetId, command: { type: 'RetireTarget', data } })]
    }
    case 'IncidentOpened':
      return []
    case 'ToolApproved': {
      const { tool, by, reason } = input.data
      const incidentId = toolIncidents.get(tool)
      if (incidentId === undefined) return []
      const data = { by, reason: `Its definition was approved: ${reason}`, now }
      return [command({ aggregate: 'incident', id: incidentId, command: { type: 'CloseIncident', data } })]
    }
    default:
      return unreachable(input)
  }
}

const leave = (hostId: string, targetId: string, now: ReactContext['now']): Output =>
  command({ aggregate: 'lanes', id: hostId, command: { type: 'LeaveLanes', data: { hostId, targetId, now } } })
