/**
 * Whether a target can be seen: by its logs and by its probes. It is seen when everything of it was looked at and nothing is hidden; one thing that
 * cannot be seen makes it unseen, with the reason. What was not looked at yet proves nothing, so until then nothing is said.
 */
import type { AnyCommand } from '../../domain/aggregates.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { LogReport } from '../../domain/ports/remote-host.ts'
import { protect } from '../../domain/protected.ts'
import type { TargetRegistration } from '../../domain/target/events.ts'
import type { HandleCommand } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'

/** Why something cannot be seen, and what that says of the host. */
export type Unseen = Readonly<{ reason: string; host: 'reached' | 'lost' | 'unknown' }>

export type Visibility = Readonly<{
  /** `what`: a log by its path, or `SERVICE`. Undefined: it can be seen. */
  report: (what: string, unseen: Unseen | undefined) => Promise<void>
  gap: (path: string, gap: Extract<LogReport, { kind: 'gap' }>) => Promise<void>
}>

export const SERVICE = 'service'

/** Longest reason that is kept. */
const REASON_LIMIT = 500

export function createVisibility(
  { targetId, hostId, logPaths }: TargetRegistration,
  { handle, ids, clock }: { handle: HandleCommand; ids: Ids; clock: Clock },
): Visibility {
  const notLookedAt = new Set([SERVICE, ...logPaths])
  const hidden = new Map<string, Unseen>()
  const told = new Map<string, string>()
  let isReached = false
  let telling: Promise<void> = Promise.resolve()

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
    if (told.get(key) === value) return
    await tell(command)
    // Only now: what an outage kept from the log is told again.
    told.set(key, value)
  }

  /** How it is when its turn comes, not when it was asked for: so the last word is never an old one. */
  async function tellAll(): Promise<void> {
    const all = [...hidden.values()]
    const lost = all.find(({ host }) => host === 'lost')
    const now = clock.now()
    if (lost) {
      await tellOnce('host', 'lost', {
        aggregate: 'host',
        id: hostId,
        command: { type: 'ReportHostLost', data: { rule: lost.reason, now } },
      })
    } else if (isReached) {
      await tellOnce('host', 'reached', { aggregate: 'host', id: hostId, command: { type: 'ReportHostReached', data: { now } } })
    }
    const [first] = all
    if (first) {
      const { reason } = first
      await tellOnce('target', reason, {
        aggregate: 'target',
        id: targetId,
        command: { type: 'ReportTargetUnseen', data: { reason, now } },
      })
    } else if (notLookedAt.size === 0) {
      await tellOnce('target', '', { aggregate: 'target', id: targetId, command: { type: 'ReportTargetSeen', data: { now } } })
    }
  }

  return {
    report(what, unseen) {
      notLookedAt.delete(what)
      if (unseen) hidden.set(what, { ...unseen, reason: protect(unseen.reason, REASON_LIMIT).text })
      else hidden.delete(what)
      if (unseen?.host !== 'unknown') isReached = unseen?.host !== 'lost'
      // One after the other: two at once could arrive in the wrong order.
      const mine = telling.then(tellAll)
      telling = mine.catch(() => undefined)
      return mine
    },
    async gap(path, { generation, fromOffset, toOffset, reason }) {
      const data = { path, generation, fromOffset, toOffset: toOffset ?? null, reason, at: clock.now() }
      await tell({ aggregate: 'target', id: targetId, command: { type: 'ReportLogGap', data } })
    },
  }
}
