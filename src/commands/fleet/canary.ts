/** Starts a throw-away run of a configuration beside the one that runs, and ends it: for a test, and before an upgrade. Nothing of it is recorded. */
import { elapsedMs } from '../../domain/instant.ts'
import type { CanaryStart } from '../../domain/ports/canary-start.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { McpSessions, NegotiateOptions } from '../../domain/ports/mcp.ts'
import type { ServerLogs } from '../../domain/ports/server-logs.ts'
import type { Instructions, Negotiated } from '../../domain/server/events.ts'
import type { HashedTool } from '../../domain/server/tool.ts'
import type { Slots } from '../../domain/slots.ts'
import type { Launch } from './launch.ts'
import { spokenBy, toldOf } from './life-facts.ts'
import { beginLife, type LifeEnd } from './server-life.ts'

export type CanaryOptions = Readonly<{
  logs: Pick<ServerLogs, 'pathOf'>
  /** Tests take the places of starts: a machine starts only so many programs at once. */
  slots: Slots
  launch: Launch
  sessions: McpSessions
  identity: NegotiateOptions['identity']
  ids: Ids
  hash: Hash
  clock: Clock
  logger: Logger
}>

/** No server can have this name: those begin with a letter or digit. */
const TESTS = '.tests'
/** When nobody waits for the answer any more: Steward may be stopping, and has no more patience than that. */
const LEFT_GRACE_MS = 3_000

export function createCanaryStart({ logs, slots, ids, clock, logger, ...parts }: CanaryOptions): CanaryStart {
  return {
    async tryStart({ config, approved, signal }) {
      const free = await slots.take(signal)
      const runId = ids.fresh()
      const begun = clock.now()
      let tools: readonly HashedTool[] = []
      let instructions: Instructions | null = null
      const runs = Promise.withResolvers<Negotiated>()
      const life = beginLife({
        ...{ runId, config, approved, ...parts, clock, prior: undefined, jitter: () => 0, probes: slots },
        logPath: logs.pathOf(TESTS, runId),
        hears: {
          spawned: async () => undefined,
          probed: () => undefined,
          health: async () => undefined,
          async tools(listed, told, { invalid }) {
            tools = listed
            instructions = told
            for (const { name, says } of invalid)
              logger.info({ runId, tool: name, says }, 'a tried server has a tool that cannot be served')
          },
          async running({ negotiated }) {
            runs.resolve(spokenBy(negotiated))
          },
        },
      })
      const leave = () => life.stop(LEFT_GRACE_MS)
      signal?.addEventListener('abort', leave, { once: true })
      try {
        if (signal?.aborted) leave()
        const first = await Promise.race([runs.promise.then((negotiated) => ({ kind: 'runs', negotiated }) as const), life.ended])
        const startedInMs = elapsedMs(begun, clock.now())
        switch (first.kind) {
          case 'runs':
            return { kind: 'healthy', negotiated: first.negotiated, tools, instructions, startedInMs }
          case 'failed':
            return { kind: 'failed', reason: first.reason, ...toldOf(first) }
          case 'stopped':
            return { kind: 'given-up' }
        }
      } finally {
        signal?.removeEventListener('abort', leave)
        // Nothing of it outlives the answer.
        life.stop()
        tellUnended(runId, await life.ended)
        free()
      }
    },
  }

  /** Nobody else hears of it: nothing of a try is recorded. */
  function tellUnended(runId: string, end: LifeEnd): void {
    if (end.kind !== 'failed' || end.reason !== 'stop-failed') return
    logger.error({ runId, error: end.cause }, 'a program that was only tried could not be ended; something of it may still run')
  }
}
