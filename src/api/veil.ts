/**
 * What of an event not everybody may read who may read events. Every way by which an event leaves goes through here: lists, streams, exports, the
 * feeds. Figures are for everybody who may look; who called what, when and with which arguments is for those who may read logs.
 */
import type { Permission } from './permissions.ts'

/** Whether the reader has a permission. */
export type May = (permission: Permission) => boolean

type Data = Readonly<Record<string, unknown>>

export type Shown = Readonly<{
  data: Data
  /** Members of the data that were left out. */
  withheld?: readonly string[]
}>

type Veil = Readonly<{ permission: Permission; members: readonly string[] }>

const veils: ReadonlyMap<string, Veil> = new Map([['ToolCallsRecorded', { permission: 'mcp:view_logs', members: ['calls'] }]])

/** The permission without which something of such an event is left out. Undefined: nothing ever is. */
export const veilOf = (type: string): Permission | undefined => veils.get(type)?.permission

export function shownTo(may: May, { type, data }: Readonly<{ type: string; data: Data }>): Shown {
  const veil = veils.get(type)
  if (veil === undefined || may(veil.permission)) return { data }
  const withheld = veil.members.filter((member) => Object.hasOwn(data, member))
  if (withheld.length === 0) return { data }
  return { data: Object.fromEntries(Object.entries(data).filter(([member]) => !withheld.includes(member))), withheld }
}
