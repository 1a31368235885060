/**
 * The tools of a server, as they were approved. A definition that changes behind an approval may say anything to a model, so a change waits for a
 * person, and until then every list serves the definition that was approved, or omits the tool.
 */
import type { JsonObject } from '../ports/json.ts'

/** As the server tells it. What a model reads of it, and all of that is in the hash. */
export type ToolDefinition = Readonly<{
  name: string
  title?: string
  description?: string
  inputSchema: JsonObject
  outputSchema?: JsonObject
  annotations?: JsonObject
}>

export type HashedTool = Readonly<{ hash: string; definition: ToolDefinition }>

export type Tool = Readonly<{
  name: string
  /** What is served, and what calls are checked against. Undefined: nobody has approved one yet. */
  approved: HashedTool | undefined
  /** What the server offers now, where that is something else. */
  pending: HashedTool | undefined
  /** Whether the server offers it at the moment. */
  offered: boolean
  enabled: boolean
  /** A call while it is not available gets a marked, empty result. Undefined: as the server's policy says. */
  bypass: boolean | undefined
  /** A person says that repeating a call is harmless. Annotations of the server never say so. */
  retrySafe: boolean
}>

export const toolStates = ['enabled', 'disabled', 'quarantined', 'unavailable'] as const
export type ToolState = (typeof toolStates)[number]

/** The first that holds, in this order: a person's word, what is not there, what is not approved. */
export function toolState({ enabled, offered, approved, pending }: Tool): ToolState {
  if (!enabled) return 'disabled'
  if (!offered) return 'unavailable'
  return approved === undefined || pending !== undefined ? 'quarantined' : 'enabled'
}

/** The definition that lists serve; undefined: the list omits the tool. */
export const servedDefinition = (tool: Tool): ToolDefinition | undefined =>
  tool.enabled && tool.offered ? tool.approved?.definition : undefined

/** Why a list serves none of them. Undefined: it serves some. */
export function whyNoTools(tools: Iterable<Tool>): string | undefined {
  const all = [...tools]
  if (all.some((tool) => servedDefinition(tool) !== undefined)) return undefined
  const count = (state: ToolState, says: string): readonly string[] => {
    const some = all.filter((tool) => toolState(tool) === state).length
    return some === 0 ? [] : [`${some} ${says}`]
  }
  const parts = [
    ...count('disabled', 'disabled'),
    ...count('quarantined', 'waiting for an approval'),
    ...count('unavailable', 'not offered at the moment'),
  ]
  return parts.length === 0 ? 'the server offers no tools' : `none of the tools of the server can be served: ${parts.join(', ')}`
}

/** Before anybody has heard of it. */
export const unseenTool = (name: string): Tool => ({
  ...{ name, approved: undefined, pending: undefined, offered: false },
  ...{ enabled: true, bypass: undefined, retrySafe: false },
})

/** The server offers it, with this definition; `taken`: the policy asks no person. One that was approved before needs no second word. */
export function offerTool(tool: Tool, hashed: HashedTool, taken: boolean): Tool {
  const takes = taken || tool.approved?.hash === hashed.hash
  return { ...tool, offered: true, approved: takes ? hashed : tool.approved, pending: takes ? undefined : hashed }
}

export const withdrawTool = (tool: Tool): Tool => ({ ...tool, offered: false })

export const approveTool = (tool: Tool): Tool => ({ ...tool, approved: tool.pending ?? tool.approved, pending: undefined })

export type CatalogChange = Readonly<{
  added: readonly HashedTool[]
  removed: readonly string[]
  changed: readonly Readonly<{ name: string; from: string; to: HashedTool }>[]
}>

/** What is different from what is known: by hash, so that the order of a list and what we do not know of say nothing. */
export function catalogChange(known: ReadonlyMap<string, Tool>, offered: readonly HashedTool[]): CatalogChange {
  const names = new Set(offered.map(({ definition }) => definition.name))
  const added: HashedTool[] = []
  const changed: CatalogChange['changed'][number][] = []
  for (const tool of offered) {
    const { name } = tool.definition
    const before = known.get(name)
    const last = before?.pending ?? before?.approved
    if (last === undefined || !before?.offered) added.push(tool)
    else if (last.hash !== tool.hash) changed.push({ name, from: last.hash, to: tool })
  }
  const removed = [...known.values()].filter((tool) => tool.offered && !names.has(tool.name)).map(({ name }) => name)
  return { added, removed, changed }
}

export const changesNothing = ({ added, removed, changed }: CatalogChange): boolean =>
  added.length === 0 && removed.length === 0 && changed.length === 0
