/**
 * What commands have done, in figures. Counted where the decision is recorded, so that several instances together count each thing once, and a
 * repeat of a command counts nothing.
 */
import type { DomainEvent, EventOf, Recorded } from '../domain/events.ts'
import { elapsedMs, type Instant } from '../domain/instant.ts'
import { once } from '../domain/once.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Appended, StreamName } from '../domain/ports/event-store.ts'
import type { Logger } from '../domain/ports/logger.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import type { HandleCommand } from './aggregate-commands.ts'
import { CommandRefused } from './command-refused.ts'
import type { EventLog } from './event-log.ts'
import { createServerFigures } from './fleet/server-figures.ts'

/** Every command by what became of it, and how long it took. */
export const withFigures =
  (handle: HandleCommand, { metrics, clock }: { metrics: Metrics; clock: Clock }): HandleCommand =>
  async (addressed, cause) => {
    const command = addressed.command.type
    const begun = clock.now()
    const count = (outcome: string) => metrics.count('steward_commands_total', { command, outcome })
    try {
      const handled = await handle(addressed, cause)
      count(handled.changed ? 'accepted' : 'unchanged')
      return handled
    } catch (error) {
      count(error instanceof CommandRefused ? 'refused' : 'failed')
      throw error
    } finally {
      metrics.observe('steward_command_seconds', elapsedMs(begun, clock.now()) / 1_000, { command })
    }
  }

/** Counts what was decided. What the figure needs of the time before is read from the stream, and a figure that cannot be made stops nobody. */
export function createFigures({ log, metrics, logger }: Readonly<{ log: EventLog; metrics: Metrics; logger: Logger }>) {
  const countServerEvent = createServerFigures({ log, metrics })
  return (stream: StreamName, events: readonly DomainEvent[], { revision }: Appended): void => {
    const before = revision - BigInt(events.length)
    const history = once(async () => (await log.load(stream)).events.filter((event) => event.revision <= before))
    for (const event of events) {
      Promise.all([countEvent(metrics, history, event), countServerEvent(event)]).catch((error: unknown) =>
        logger.warn({ stream, error }, 'a figure could not be made'),
      )
    }
  }
}

type History = () => Promise<readonly Recorded[]>

async function countEvent(metrics: Metrics, history: History, event: DomainEvent): Promise<void> {
  switch (event.type) {
    case 'AnomalyDetected': {
      const { service, severity, source } = event.data
      metrics.count('steward_anomalies_total', { service, severity, source: source.kind })
      break
    }
    case 'IncidentResolved':
      incidentEnded(metrics, await history(), event.data.outcome, event.data.at)
      break
    case 'OutcomeDeclared':
      incidentEnded(metrics, await history(), 'declared', event.data.at)
      break
    case 'IncidentClosed':
      incidentEnded(metrics, await history(), event.data.outcome, event.data.at)
      break
    case 'IncidentEscalated': {
      const { reason } = event.data
      if (reason === 'rollback-failed') countRollback(metrics, await history(), 'failed')
      automationEnded(metrics, await history(), reason)
      break
    }
    case 'OutcomeUndetermined':
      automationEnded(metrics, await history(), 'undetermined')
      break
    case 'RollbackProven':
      countRollback(metrics, await history(), 'proven')
      break
    case 'ApprovalGranted':
      if (event.data.complete) approvalAnswered(metrics, await history(), 'granted', event.data.at)
      break
    case 'ApprovalRejected':
      approvalAnswered(metrics, await history(), 'rejected', event.data.at)
      break
    case 'ApprovalExpired':
      approvalAnswered(metrics, await history(), 'expired', event.data.at)
      break
    case 'ApprovalRevoked':
      metrics.count('steward_approvals_total', { outcome: 'revoked' })
      break
  }
}

function incidentEnded(metrics: Metrics, history: readonly Recorded[], outcome: string, at: Instant): void {
  const opened = lastOf(history, 'IncidentOpened')
  if (!opened) return
  const { service } = opened.data
  metrics.count('steward_incidents_total', { service, outcome })
  metrics.observe('steward_incident_seconds', elapsedMs(opened.data.at, at) / 1_000, { service, outcome })
  automationEnded(metrics, history, outcome)
}

/** The workflow has ended, and with it the execution that it began last. */
function automationEnded(metrics: Metrics, history: readonly Recorded[], outcome: string): void {
  metrics.count('steward_workflows_total', { process: 'healing', outcome })
  const action = actionOf(history)
  const runs = history.findLast(({ type }) => type === 'ExecutionStarted' || endsExecution.has(type))?.type === 'ExecutionStarted'
  if (action !== undefined && runs) metrics.count('steward_actions_total', { action, outcome })
}

const endsExecution: ReadonlySet<string> = new Set(['IncidentEscalated', 'OutcomeUndetermined'])

function countRollback(metrics: Metrics, history: readonly Recorded[], outcome: string): void {
  const action = actionOf(history)
  if (action !== undefined) metrics.count('steward_rollbacks_total', { action, outcome })
}

function approvalAnswered(metrics: Metrics, history: readonly Recorded[], outcome: string, at: Instant): void {
  metrics.count('steward_approvals_total', { outcome })
  const requested = lastOf(history, 'ApprovalRequested')
  if (requested) metrics.observe('steward_approval_wait_seconds', elapsedMs(requested.recordedAt, at) / 1_000, { outcome })
}

const actionOf = (history: readonly Recorded[]): string | undefined => lastOf(history, 'PlanProposed')?.data.plan.action.id

function lastOf<Type extends DomainEvent['type']>(history: readonly Recorded[], type: Type): Recorded<EventOf<Type>> | undefined {
  return history.findLast((event): event is Recorded<EventOf<Type>> => event.type === type)
}
