/** The catalogue of a server: what its list says, and what people allow of it. */
import { accept, type Decision, refuse, unreachable } from '../decider.ts'
import type { ToolCommand } from './commands.ts'
import type { ServerEvent } from './events.ts'
import type { RegisteredServer, Server } from './state.ts'
import { catalogChange, changesNothing, type HashedTool, type Tool } from './tool.ts'
import { changedParts, hiddenIn } from './tool-review.ts'

export function decideTool(server: Server, command: ToolCommand): Decision<ServerEvent> {
  if (server.situation !== 'registered') return refuse('server-not-registered', { situation: server.situation })
  if (command.type === 'ReportTools') return report(server, command.data)
  const { serverId } = server
  const { by, reason, now } = command.data
  const said = { serverId, by, reason, at: now }
  if (command.type === 'ApproveInstructions') {
    const { pending } = server.instructions
    if (pending === undefined) return refuse('instructions-not-quarantined')
    const { hash } = command.data
    if ((pending?.hash ?? '') !== hash) return refuse('definition-changed-since', { approved: hash, offered: pending?.hash ?? '' })
    return accept({ type: 'InstructionsApproved', data: { ...said, hash } })
  }
  const { tool: name } = command.data
  const tool = server.tools.get(name)
  if (!tool) return refuse('tool-unknown', { server: server.name, tool: name })
  const of = { ...said, tool: name }
  switch (command.type) {
    case 'ApproveTool': {
      const { hash } = command.data
      const offered = tool.pending ?? tool.approved
      // What was looked at is what is approved: nothing that came in between.
      if (offered?.hash !== hash) return refuse('definition-changed-since', { approved: hash, offered: offered?.hash ?? '' })
      return tool.pending ? accept({ type: 'ToolApproved', data: { ...of, hash } }) : accept()
    }
    case 'EnableTool':
      return tool.enabled ? accept() : accept({ type: 'ToolEnabled', data: of })
    case 'DisableTool':
      return tool.enabled ? accept({ type: 'ToolDisabled', data: of }) : accept()
    case 'ChangeToolSettings': {
      const { bypass = tool.bypass ?? null, retrySafe = tool.retrySafe } = command.data
      if (bypass === (tool.bypass ?? null) && retrySafe === tool.retrySafe) return accept()
      return accept({ type: 'ToolSettingsChanged', data: { ...of, bypass, retrySafe } })
    }
    default:
      return unreachable(command)
  }
}

function report(server: RegisteredServer, { runId, tools, instructions, now }: Extract<ToolCommand, { type: 'ReportTools' }>['data']) {
  if (server.run?.runId !== runId) return accept<ServerEvent>()
  const { serverId } = server
  const change = catalogChange(server.tools, tools)
  const known = server.instructions.pending === undefined ? server.instructions.approved : server.instructions.pending
  const sameText = (known?.hash ?? null) === (instructions?.hash ?? null)
  if (server.catalogued && changesNothing(change) && sameText) return accept<ServerEvent>()
  const isTaken = (tool: HashedTool): boolean => takesAsItComes(server, server.tools.get(tool.definition.name), tool)
  const offered = [...change.added, ...change.changed.map(({ to }) => to)]
  const taken = offered.filter(isTaken).map(({ definition }) => definition.name)
  const trusted = !server.catalogued || server.config.toolPolicy.quarantine === 'nothing'
  const changed: ServerEvent = {
    type: 'ToolCatalogChanged',
    data: { serverId, ...change, taken, ...(sameText ? {} : { instructions: { told: instructions, taken: trusted } }), at: now },
  }
  const quarantined = offered
    .filter((tool) => !isTaken(tool))
    .map(({ hash, definition }): ServerEvent => {
      const { name } = definition
      const approved = server.tools.get(name)?.approved
      const differs = changedParts(approved?.definition, definition).map(({ field }) => field)
      const hidden = hiddenIn(definition).map(({ field }) => field)
      const reason = approved === undefined ? 'new' : 'changed'
      return { type: 'ToolQuarantined', data: { serverId, tool: name, hash, reason, changed: differs, hidden, at: now } }
    })
  return accept<ServerEvent>(changed, ...quarantined)
}

/** A definition that a person approved before, under this name, needs no second word. */
function takesAsItComes({ catalogued, config }: RegisteredServer, known: Tool | undefined, { hash }: HashedTool): boolean {
  if (!catalogued || known?.approved?.hash === hash) return true
  switch (config.toolPolicy.quarantine) {
    case 'nothing':
      return true
    case 'changed':
      return known?.approved === undefined
    case 'changed-and-new':
      return false
  }
}
