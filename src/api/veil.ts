/**
 * What of an event not everybody may read who may read events. Every way by which an event leaves goes through here: lists, streams, exports, the
 * feeds. That something happened is for everybody who may look; what is in it only for those who could ask for it by its own path: logs and single
 * calls, attempts of others and what they sent, keys.
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

/** What nobody may learn from events who may not ask for it directly: logs, the audit of attempts, the list of keys. */
const veils: ReadonlyMap<string, Veil> = new Map<string, Veil>([
  ['ToolCallsRecorded', { permission: 'mcp:view_logs', members: ['calls'] }],
  ['ServerFailed', { permission: 'mcp:view_logs', members: ['stderrTail'] }],
  ['CommandReceived', { permission: 'audit:read', members: ['name', 'subject', 'owner', 'bodyHash', 'body', 'expectedRevision'] }],
  ['CommandSucceeded', { permission: 'audit:read', members: ['result'] }],
  ['CommandFailed', { permission: 'audit:read', members: ['refusal'] }],
  ['ApiKeyCreated', { permission: 'keys:view', members: ['name', 'role', 'owner', 'sha256', 'expiresAt'] }],
  ['ApiKeyRevoked', { permission: 'keys:view', members: ['reason'] }],
])

/** The permission without which something of such an event is left out. Undefined: nothing ever is. */
export const veilOf = (type: string): Permission | undefined => veils.get(type)?.permission

export function shownTo(may: May, { type, data }: Readonly<{ type: string; data: Data }>): Shown {
  const veil = veils.get(type)
  if (veil === undefined || may(veil.permission)) return { data }
  const withheld = veil.members.filter((member) => Object.hasOwn(data, member))
  if (withheld.length === 0) return { data }
  return { data: Object.fromEntries(Object.entries(data).filter(([member]) => !withheld.includes(member))), withheld }
}
