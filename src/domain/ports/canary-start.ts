/** What a server would be with another configuration, found out beside the one that runs. */
import type { Protected } from '../protected.ts'
import type { ServerConfig } from '../server/config.ts'
import type { FailureReason, Instructions, Negotiated } from '../server/events.ts'
import type { HashedTool } from '../server/tool.ts'

export interface CanaryStart {
  /**
   * Starts one run with this configuration, waits until its tools are listed, and ends it again, whatever the outcome. The server's own run, its state
   * and its events are left alone; no client's call reaches the canary. Never throws for what the program does.
   * @param approved a person has let this very argument vector run.
   */
  tryStart(request: Readonly<{ config: ServerConfig; approved: boolean; signal?: AbortSignal }>): Promise<CanaryOutcome>
}

export type CanaryOutcome =
  | Readonly<{
      kind: 'healthy'
      negotiated: Negotiated
      tools: readonly HashedTool[]
      instructions: Instructions | null
      startedInMs: number
    }>
  | Readonly<{ kind: 'failed'; reason: FailureReason; says: Protected; stderrTail: Protected }>
  /** The signal ended it. */
  | Readonly<{ kind: 'given-up' }>
