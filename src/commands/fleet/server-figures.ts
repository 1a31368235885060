/** What is recorded of servers, in figures: events, starts and stops, failures. A name is one that an operator gave; a reason is one of a few words. */
import type { DomainEvent } from '../../domain/events.ts'
import { elapsedMs, type Instant } from '../../domain/instant.ts'
import type { Metrics } from '../../domain/ports/metrics.ts'
import { categoryOfEvent, severityOfEvent } from '../../domain/server/event-words.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import type { EventLog } from '../event-log.ts'

/** Runs whose end is awaited; a Steward that died left some behind whose end nobody told. */
const MOST_RUNS = 10_000

export function createServerFigures({ log, metrics }: Readonly<{ log: Pick<EventLog, 'states'>; metrics: Metrics }>) {
  const stoppingSince = new Map<string, Instant>()

  return async (event: DomainEvent): Promise<void> => {
    if (!isServerEvent(event)) return
    metrics.count('steward_server_events_total', {
      type: event.type,
      severity: severityOfEvent(event),
      category: categoryOfEvent(event),
    })
    switch (event.type) {
      case 'ServerRunning':
        return operation(event, { operation: 'start', outcome: 'succeeded' }, event.data.startedInMs)
      case 'ServerStopping':
        stoppingSince.set(event.data.runId, event.data.at)
        forgetOldest(stoppingSince)
        return
      case 'ServerStopped':
        return operation(event, { operation: 'stop', outcome: 'succeeded' }, sinceStopping(event.data))
      case 'ServerFailed': {
        const { reason, wasRunning } = event.data
        const { state } = await log.states.server(event.data.serverId)
        if (state.situation !== 'absent') metrics.count('steward_server_failures_total', { server: state.name, reason })
        if (reason === 'stop-failed') return operation(event, { operation: 'stop', outcome: 'failed' }, sinceStopping(event.data))
        stoppingSince.delete(event.data.runId)
        if (!wasRunning) await operation(event, { operation: 'start', outcome: 'failed' }, undefined)
        return
      }
    }
  }

  async function operation(
    { data }: ServerEvent,
    what: Readonly<{ operation: 'start' | 'stop'; outcome: 'succeeded' | 'failed' }>,
    tookMs: number | undefined,
  ): Promise<void> {
    const { state } = await log.states.server(data.serverId)
    if (state.situation === 'absent') return
    const transport = state.config.transport.kind
    metrics.count('steward_server_operations_total', { ...what, transport })
    if (tookMs !== undefined) metrics.observe('steward_server_operation_seconds', tookMs / 1_000, { operation: what.operation, transport })
  }

  function sinceStopping({ runId, at }: Readonly<{ runId: string; at: Instant }>): number | undefined {
    const since = stoppingSince.get(runId)
    stoppingSince.delete(runId)
    return since === undefined ? undefined : elapsedMs(since, at)
  }
}

function forgetOldest(runs: Map<string, unknown>): void {
  const [oldest] = runs.keys()
  if (runs.size > MOST_RUNS && oldest !== undefined) runs.delete(oldest)
}

const isServerEvent = (event: DomainEvent): event is DomainEvent & ServerEvent =>
  'serverId' in event.data && event.type !== 'ToolCallsRecorded'
