/** What can be listened to on a live connection, and what a key needs for it: the same as for asking. */
import type { Permission } from '../permissions.ts'

export const channels = ['servers', 'health', 'metrics', 'events', 'errors', 'incidents', 'operations'] as const
export type Channel = (typeof channels)[number]

export const permissionOf = {
  servers: 'mcp:view_servers',
  health: 'mcp:view_servers',
  metrics: 'mcp:view_servers',
  errors: 'mcp:view_servers',
  events: 'mcp:view_events',
  incidents: 'incidents:view',
  operations: 'projections:view',
} as const satisfies Readonly<Record<Channel, Permission>>

export const isChannel = (name: string): name is Channel => channels.some((known) => known === name)

/** Why a connection ends, where RFC 6455 has no code of its own for it. Clients depend on these numbers. */
export const closeCodes = {
  /** The key was revoked, has expired, or has another role than when it came. Come again with a good one. */
  keyNoLongerGood: 4001,
  /** It takes less than it is sent. Come again with `resume_from`. */
  tooSlow: 4008,
  /** It says more than anybody listens to. */
  tooTalkative: 4029,
  /** `resume_from` is no position of this log. */
  unknownPosition: 4404,
  /** Something went wrong here. Come again with `resume_from`. */
  broken: 4500,
} as const
