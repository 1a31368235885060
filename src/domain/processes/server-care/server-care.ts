/**
 * The process manager that makes every managed server a target of healing: registered with it, retired with it, and not before a fix that holds its lane
 * has ended. An incident about a tool's definition ends when a person approves the definition, or the server offers an approved one again: nothing else
 * is to be done about it.
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
  'ToolQuarantined',
  'ToolApproved',
  'ToolCatalogChanged',
] as const
type InputType = (typeof inputs)[number]
type Input = EventOf<InputType>

export type ServerCare = Readonly<{
  name: string
  /** Undefined: it is not registered. */
  targetId: string | undefined
  /** A target that is on its way out. */
  leaving: Readonly<{ targetId: string; by: string; reason: string }> | undefined
  /** Tools whose definition was another than the approved one, by their names. */
  changedTools: ReadonlyMap<string, ChangedTool>
}>

type ChangedTool = Readonly<{
  /** The last one about it. An incident is opened some time after the change, so the change may be over before. */
  incidentId: string | undefined
  /** Why nothing waits for a person any more. Undefined: it does. */
  over: Readonly<{ by: string; reason: string }> | undefined
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
  initialState: { name: '', targetId: undefined, leaving: undefined, changedTools: new Map() },
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
      return { ...state, targetId: undefined, leaving: { targetId, by, reason }, changedTools: new Map() }
    }
    case 'LanesReleased':
      // A fix held it when it was to leave. To every other host this means nothing.
      return state.leaving ? { ...state } : state
    case 'LanesLeft':
      return state.leaving?.targetId === input.data.targetId ? { ...state, leaving: undefined } : state
    case 'IncidentOpened': {
      const { faultId, hints, incidentId } = input.data
      const tool = faultId === TOOL_CHANGED ? hints['tool'] : undefined
      return tool === undefined ? state : withTools(state, [tool], (known) => ({ over: known?.over, incidentId }))
    }
    case 'ToolQuarantined': {
      const { tool, reason } = input.data
      return reason === 'changed' ? withTools(state, [tool], (known) => ({ incidentId: known?.incidentId, over: undefined })) : state
    }
    case 'ToolApproved':
    case 'ToolCatalogChanged': {
      const tools = settledBy(input).filter((tool) => state.changedTools.has(tool))
      return tools.length === 0 ? state : withTools(state, tools, (known) => ({ incidentId: known?.incidentId, over: reasonOf(input) }))
    }
    default:
      return unreachable(input)
  }
}

const withTools = (state: ServerCare, tools: readonly string[], change: (known: ChangedTool | undefined) => ChangedTool): ServerCare => ({
  ...state,
  changedTools: new Map([...state.changedTools, ...tools.map((tool) => [tool, change(state.changedTools.get(tool))] as const)]),
})

type Settling = EventOf<'ToolApproved'> | EventOf<'ToolCatalogChanged'>

/** The tools that wait for nobody from now on. */
const settledBy = (input: Settling): readonly string[] => (input.type === 'ToolApproved' ? [input.data.tool] : input.data.taken)

const reasonOf = (input: Settling): NonNullable<ChangedTool['over']> =>
  input.type === 'ToolApproved'
    ? { by: input.data.by, reason: `Its definition was approved: ${input.data.reason}` }
    : { by: 'steward', reason: 'The server offers a definition again that waits for no approval.' }

function react(state: ServerCare, input: Input, { instance: serverId, now }: ReactContext): readonly Output[] {
  const { name, targetId, leaving } = state
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
      return closing(state, [input.data.hints['tool'] ?? ''], now)
    case 'ToolQuarantined':
      return []
    case 'ToolApproved':
    case 'ToolCatalogChanged':
      return closing(state, settledBy(input), now)
    default:
      return unreachable(input)
  }
}

const leave = (hostId: string, targetId: string, now: ReactContext['now']): Output =>
  command({ aggregate: 'lanes', id: hostId, command: { type: 'LeaveLanes', data: { hostId, targetId, now } } })

/** Those of its incidents that are about nothing any more. */
const closing = ({ changedTools }: ServerCare, tools: readonly string[], now: ReactContext['now']): readonly Output[] =>
  tools.flatMap((tool) => {
    const { incidentId, over } = changedTools.get(tool) ?? {}
    if (incidentId === undefined || over === undefined) return []
    return [command({ aggregate: 'incident', id: incidentId, command: { type: 'CloseIncident', data: { ...over, now } } })]
  })
