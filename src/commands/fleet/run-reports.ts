/**
 * What the supervisor tells the log of one server, run by run. What cannot be recorded now waits for an outage to pass, as long as there is time;
 * what a rule refuses means that the state is another one by now, and is looked at again.
 */
import { AppendTooLarge } from '../../domain/ports/event-store.ts'
import { McpRequestFailed } from '../../domain/ports/mcp.ts'
import type { ServerCommand } from '../../domain/server/commands.ts'
import type { Exit } from '../../domain/server/events.ts'
import type { CommandCause } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'
import { throughOutages } from '../retry.ts'
import { spokenBy, toldOf } from './life-facts.ts'
import type { LifeEnd, LifeListener } from './server-life.ts'
import type { Held } from './supervision.ts'

export interface RunReports {
  /** `expected`: where the stream must stand. @returns whether it was accepted. */
  began(runId: string, expected: bigint | undefined): Promise<boolean>
  /** Hears a life, and tells what it hears. */
  listener(runId: string, hears: Readonly<{ runs: () => void; isReady: () => void }>): LifeListener
  stopping(runId: string): Promise<void>
  stopped(runId: string, exit: Exit): Promise<void>
  ended(runId: string, end: LifeEnd): Promise<void>
}

type ReportsOptions = Pick<Held, 'handle' | 'ids' | 'clock' | 'logger' | 'jitter' | 'samples' | 'drain' | 'supervisorId'> &
  Readonly<{ serverId: string; refused: () => void }>

export function createRunReports(options: ReportsOptions): RunReports {
  const { serverId, handle, ids, clock, logger, jitter, samples, drain, supervisorId } = options

  async function tell(command: ServerCommand & Readonly<{ data: Readonly<{ runId: string }> }>, expected?: bigint): Promise<boolean> {
    const { runId } = command.data
    const held = expected === undefined ? {} : { expectedRevision: expected }
    const cause: CommandCause = {
      ...{ actor: 'steward', commandId: ids.fresh(), fresh: true, correlationId: runId, causationId: runId },
      ...held,
    }
    try {
      // While Steward stops, an outage of the log must not hold it up.
      await throughOutages(() => handle({ aggregate: 'server', id: serverId, command }, cause), { clock, signal: drain })
      return true
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      logger.info({ serverId, runId, command: command.type, rule: error.rule }, 'a report of the supervisor was refused')
      options.refused()
      return false
    }
  }

  async function stopped(runId: string, exit: Exit): Promise<void> {
    await tell({ type: 'ReportServerStopped', data: { runId, exit, now: clock.now() } })
  }

  return {
    began: (runId, expected) => tell({ type: 'BeginServerStart', data: { runId, supervisorId, now: clock.now() } }, expected),
    listener: (runId, { runs, isReady }) => ({
      async spawned(process) {
        await tell({ type: 'ReportServerSpawned', data: { runId, ...process, now: clock.now() } })
      },
      async tools(tools, instructions, { invalid }) {
        for (const { name, says } of invalid) logger.warn({ serverId, tool: name, says }, 'a tool definition cannot be served')
        await tell({ type: 'ReportTools', data: { runId, tools, instructions, now: clock.now() } }).catch(tooManyTools)
      },
      async running({ negotiated }) {
        await tell({ type: 'ReportServerRunning', data: { runId, ...spokenBy(negotiated), now: clock.now() } })
        runs()
      },
      probed(facts) {
        samples.record({ serverId, runId, at: clock.now(), facts })
        if (facts.ready) isReady()
      },
      async health(facts) {
        await tell({ type: 'ReportServerHealth', data: { runId, facts, now: clock.now() } })
      },
    }),
    async stopping(runId) {
      await tell({ type: 'ReportServerStopping', data: { runId, now: clock.now() } })
    },
    stopped,
    async ended(runId, end) {
      if (end.kind === 'stopped') return await stopped(runId, end.exit)
      const { reason, exit, cause } = end
      if (cause !== undefined) logger.error({ serverId, runId, reason, error: cause }, 'a server ended for a reason that is not its own')
      await tell({ type: 'ReportServerFailed', data: { runId, reason, exit, ...toldOf(end), jitter: jitter(), now: clock.now() } })
    },
  }
}

/** What cannot be recorded cannot be approved, or served. */
function tooManyTools(error: unknown): never {
  if (!(error instanceof AppendTooLarge)) throw error
  throw new McpRequestFailed({ rule: 'too-large', says: `what changed in its list takes more than ${error.limitBytes} bytes in the log` })
}
