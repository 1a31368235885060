/** Whether a target can be seen: by its logs and by its probes. One thing that cannot be seen makes it unseen, with the reason. */

import type { AnyCommand } from '../../domain/aggregates.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { LogReport } from '../../domain/ports/remote-host.ts'
import type { TargetRegistration } from '../../domain/target/events.ts'
import type { HandleCommand } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'

export type Visibility = Readonly<{
  report: (what: string, reason: string | undefined) => Promise<void>
  gap: (path: string, gap: Extract<LogReport, { kind: 'gap' }>) => Promise<void>
}>

export function createVisibility(
  { targetId, hostId }: TargetRegistration,
  { handle, ids, clock }: { handle: HandleCommand; ids: Ids; clock: Clock },
): Visibility {
  const hidden = new Map<string, string>()
  const reported = new Map<string, string>()

  const tell = async (command: AnyCommand): Promise<void> => {
    const commandId = ids.fresh()
    try {
      await handle(command, { actor: 'steward', correlationId: commandId, causationId: commandId, commandId })
    } catch (error) {
      // It was retired in the meantime: nothing to say about it any more.
      if (!(error instanceof CommandRefused)) throw error
    }
  }
  const tellOnce = async (key: string, value: string, command: AnyCommand): Promise<void> => {
    if (reported.get(key) === value) return
    await tell(command)
    // Only now: what an outage kept from the log is told again.
    reported.set(key, value)
  }

  return {
    async report(what, reason) {
      if (reason === undefined) hidden.delete(what)
      else hidden.set(what, reason)
      const now = clock.now()
      const lost = [...hidden.values()].find((each) => each.includes('host-unreachable') || each.startsWith('host '))
      const hostCommand =
        lost === undefined
          ? ({ type: 'ReportHostReached', data: { now } } as const)
          : ({ type: 'ReportHostLost', data: { rule: lost, now } } as const)
      await tellOnce('host', lost === undefined ? 'reached' : 'lost', { aggregate: 'host', id: hostId, command: hostCommand })
      const [first] = hidden.values()
      const targetCommand =
        first === undefined
          ? ({ type: 'ReportTargetSeen', data: { now } } as const)
          : ({ type: 'ReportTargetUnseen', data: { reason: first, now } } as const)
      await tellOnce('target', first ?? 'seen', { aggregate: 'target', id: targetId, command: targetCommand })
    },
    async gap(path, { generation, fromOffset, toOffset, reason }) {
      const data = { path, generation, fromOffset, toOffset: toOffset ?? null, reason, at: clock.now() }
      await tell({ aggregate: 'target', id: targetId, command: { type: 'ReportLogGap', data } })
    },
  }
}
