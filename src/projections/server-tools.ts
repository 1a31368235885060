/** Tools of managed servers as they stand. Quarantine is told by the functions of the aggregate itself, so a list can never say otherwise. */
import { unreachable } from '../domain/decider.ts'
import type { Recorded } from '../domain/events.ts'
import type { Instant } from '../domain/instant.ts'
import type { ServerEvent } from '../domain/server/events.ts'
import {
  approveTool,
  offerTool,
  type Tool,
  type ToolDefinition,
  type ToolState,
  toolState,
  unseenTool,
  withdrawTool,
} from '../domain/server/tool.ts'
import { defineProjection } from './projection.ts'

export type ServerToolRow = Readonly<{
  /** `<serverId>~<tool>`. */
  toolId: string
  serverId: string
  tool: string
  state: ToolState
  enabled: boolean
  offered: boolean
  bypass: boolean | null
  retrySafe: boolean
  approvedHash: string | null
  approvedDefinition: ToolDefinition | null
  /** Null: taken as it came, by the policy. */
  approvedBy: string | null
  approvedAt: Instant | null
  pendingHash: string | null
  pendingDefinition: ToolDefinition | null
  disabledBy: string | null
  disabledReason: string | null
  firstSeenAt: Instant
  changedAt: Instant
}>

export const serverTools = defineProjection({
  name: 'server-tools',
  version: 1,
  table: 'server_tools',
  columns: {
    toolId: 'text',
    serverId: 'text',
    tool: 'text',
    state: 'text',
    enabled: 'boolean',
    offered: 'boolean',
    bypass: 'boolean',
    retrySafe: 'boolean',
    approvedHash: 'text',
    approvedDefinition: 'json',
    approvedBy: 'text',
    approvedAt: 'timestamptz',
    pendingHash: 'text',
    pendingDefinition: 'json',
    disabledBy: 'text',
    disabledReason: 'text',
    firstSeenAt: 'timestamptz',
    changedAt: 'timestamptz',
  },
  primaryKey: 'toolId',
  nullable: [
    'bypass',
    'approvedHash',
    'approvedDefinition',
    'approvedBy',
    'approvedAt',
    'pendingHash',
    'pendingDefinition',
    'disabledBy',
    'disabledReason',
  ],
  indexes: [{ columns: ['serverId'] }],
  eventTypes: ['ToolCatalogChanged', 'ToolApproved', 'ToolEnabled', 'ToolDisabled', 'ToolSettingsChanged'],
  keys: (event) => toolsOf(event).map((tool) => toolIdOf(event.data.serverId, tool)),
  fold(row: ServerToolRow | undefined, event, key): ServerToolRow | 'none' {
    const { serverId, at } = event.data
    const name = key.slice(serverId.length + 1)
    if (row === undefined && event.type !== 'ToolCatalogChanged') return 'none'
    const before = row === undefined ? unseenTool(name) : toolOf(row)
    const after = toolAfter(before, event)
    const told = row ?? { toolId: key, serverId, tool: name, firstSeenAt: at, ...untold }
    return { ...told, ...columnsOf(after), ...saidBy(event, before, after), changedAt: at }
  },
})

export const toolIdOf = (serverId: string, tool: string): string => `${serverId}~${tool}`

type ToolEvent = Extract<
  Recorded<ServerEvent>,
  { type: 'ToolCatalogChanged' | 'ToolApproved' | 'ToolEnabled' | 'ToolDisabled' | 'ToolSettingsChanged' }
>

function toolsOf(event: ToolEvent): readonly string[] {
  if (event.type !== 'ToolCatalogChanged') return [event.data.tool]
  const { added, removed, changed } = event.data
  return [...added.map(({ definition }) => definition.name), ...removed, ...changed.map(({ name }) => name)]
}

function toolAfter(tool: Tool, event: ToolEvent): Tool {
  switch (event.type) {
    case 'ToolCatalogChanged': {
      const { added, changed, taken } = event.data
      const offered = [...added, ...changed.map(({ to }) => to)].findLast(({ definition }) => definition.name === tool.name)
      return offered === undefined ? withdrawTool(tool) : offerTool(tool, offered, taken.includes(tool.name))
    }
    case 'ToolApproved':
      return approveTool(tool)
    case 'ToolEnabled':
      return { ...tool, enabled: true }
    case 'ToolDisabled':
      return { ...tool, enabled: false }
    case 'ToolSettingsChanged':
      return { ...tool, bypass: event.data.bypass ?? undefined, retrySafe: event.data.retrySafe }
    default:
      return unreachable(event)
  }
}

const untold = { approvedBy: null, approvedAt: null, disabledBy: null, disabledReason: null } as const

/** Who said so, where somebody did. */
function saidBy(event: ToolEvent, before: Tool, after: Tool): Partial<ServerToolRow> {
  const { at } = event.data
  switch (event.type) {
    case 'ToolApproved':
      return { approvedBy: event.data.by, approvedAt: at }
    case 'ToolDisabled':
      return { disabledBy: event.data.by, disabledReason: event.data.reason }
    case 'ToolEnabled':
      return { disabledBy: null, disabledReason: null }
    default:
      return before.approved?.hash === after.approved?.hash ? {} : { approvedBy: null, approvedAt: at }
  }
}

const toolOf = (row: ServerToolRow): Tool => ({
  name: row.tool,
  approved:
    row.approvedHash === null || row.approvedDefinition === null
      ? undefined
      : { hash: row.approvedHash, definition: row.approvedDefinition },
  pending:
    row.pendingHash === null || row.pendingDefinition === null ? undefined : { hash: row.pendingHash, definition: row.pendingDefinition },
  offered: row.offered,
  enabled: row.enabled,
  bypass: row.bypass ?? undefined,
  retrySafe: row.retrySafe,
})

const columnsOf = (tool: Tool) => ({
  state: toolState(tool),
  enabled: tool.enabled,
  offered: tool.offered,
  bypass: tool.bypass ?? null,
  retrySafe: tool.retrySafe,
  approvedHash: tool.approved?.hash ?? null,
  approvedDefinition: tool.approved?.definition ?? null,
  pendingHash: tool.pending?.hash ?? null,
  pendingDefinition: tool.pending?.definition ?? null,
})
