/** The six states of a managed server, and which may follow which. Intent (enabled, desired) and health are other things, kept apart. */

export const serverStates = ['stopped', 'starting', 'running', 'stopping', 'error', 'maintenance'] as const
export type ServerState = (typeof serverStates)[number]

export const nextStates: Readonly<Record<ServerState, readonly ServerState[]>> = {
  stopped: ['starting', 'maintenance'],
  starting: ['running', 'error', 'stopped'],
  running: ['stopping', 'error', 'maintenance'],
  stopping: ['stopped', 'error'],
  error: ['stopped', 'starting', 'maintenance'],
  maintenance: ['stopped', 'starting'],
}

export const mayBecome = (from: ServerState, to: ServerState): boolean => nextStates[from].includes(to)

export const healthWords = ['unknown', 'healthy', 'degraded', 'unhealthy'] as const
export type Health = (typeof healthWords)[number]

/** Three facts, asked apart: a busy server is not a hung one, and a process that lives may not speak. */
export type HealthFacts = Readonly<{
  /** The process lives, or the address answers. */
  live: boolean
  /** It answers in its protocol. */
  ready: boolean
  /** It lists what it offers. */
  capable: boolean
  responseMs?: number
  says?: string
}>

export function healthOf({ live, ready, capable }: HealthFacts): Health {
  if (!live || !ready) return 'unhealthy'
  return capable ? 'healthy' : 'degraded'
}
