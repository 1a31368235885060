import type { HostRegistration } from '../host/events.ts'
import type { TargetRegistration } from '../target/events.ts'

/** Which targets are to be watched, as far as the read models know. It may lag for a moment; nothing but watching depends on it. */
export interface Roster {
  watched(): Promise<readonly Watched[]>
}

export type Watched = Readonly<{ target: TargetRegistration; host: HostRegistration; paused: boolean }>
