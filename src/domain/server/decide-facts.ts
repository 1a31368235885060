/**
 * What the supervisor tells. Every report names the run it is about, and one about another run than the present one changes nothing: it comes
 * from a supervisor that is gone.
 */
import { accept, type Decision, refuse, unreachable } from '../decider.ts'
import { elapsedMs, type Instant, later } from '../instant.ts'
import { alertChanges } from './alerts.ts'
import type { FactCommand, FailureReport } from './commands.ts'
import { refuseTransition } from './decide-intent.ts'
import type { ServerEvent } from './events.ts'
import { healthOf, mayBecome } from './lifecycle.ts'
import { restartDelayMs, STABLE_AFTER_MS } from './restarts.ts'
import type { RegisteredServer, Server } from './state.ts'

export function decideFact(server: Server, command: FactCommand): Decision<ServerEvent> {
  if (server.situation === 'absent') return refuse('server-not-registered', { situation: 'absent' })
  if (command.type === 'BeginServerStart') return begin(server, command.data)
  if (command.type === 'ReportServerMeasures') return measure(server, command.data)
  // Of a retired server, the end is still told; everything else means nothing any more.
  const { serverId, run } = server
  const { runId, now } = command.data
  if (run?.runId !== runId) return accept()
  const of = { serverId, runId, at: now }
  switch (command.type) {
    case 'ReportServerSpawned': {
      const { pid, startTicks, limitedBy } = command.data
      return accept({ type: 'ServerSpawned', data: { ...of, pid, startTicks, limitedBy } })
    }
    case 'ReportServerRunning': {
      if (server.state !== 'starting') return accept()
      const { now: _, ...negotiated } = command.data
      return accept({ type: 'ServerRunning', data: { ...of, ...negotiated, startedInMs: elapsedMs(run.startingAt, now) } })
    }
    case 'ReportServerStopping':
      return mayBecome(server.state, 'stopping') ? accept({ type: 'ServerStopping', data: of }) : accept()
    case 'ReportServerStopped': {
      const stopped = { type: 'ServerStopped', data: { ...of, exit: command.data.exit } } as const
      // Told afterwards, by who found that the run was over.
      return server.state === 'running' ? accept<ServerEvent>({ type: 'ServerStopping', data: of }, stopped) : accept(stopped)
    }
    case 'ReportServerFailed':
      return fail(server, run.runningSince, command.data)
    case 'ReportServerHealth': {
      const { facts } = command.data
      const to = healthOf(facts)
      if (server.state !== 'running' || to === server.health) return accept()
      return accept({ type: 'ServerHealthChanged', data: { serverId, from: server.health, to, facts, at: now } })
    }
    default:
      return unreachable(command)
  }
}

function begin(server: Exclude<Server, { situation: 'absent' }>, { runId, supervisorId, now }: BeginData): Decision<ServerEvent> {
  if (server.situation === 'retired') return refuse('server-not-registered', { situation: 'retired' })
  if (server.run?.runId === runId) return accept()
  if (!server.enabled || server.desired !== 'running')
    return refuse('server-not-wanted', { enabled: server.enabled, desired: server.desired })
  if (server.run !== undefined || !mayBecome(server.state, 'starting'))
    return refuseTransition(server, 'starting', 'the run before has not ended')
  return accept({ type: 'ServerStarting', data: { serverId: server.serverId, runId, supervisorId, at: now } })
}

type BeginData = Extract<FactCommand, { type: 'BeginServerStart' }>['data']

/** In maintenance nothing alerts; what was raised before may still be cleared. */
function measure(server: Exclude<Server, { situation: 'absent' }>, { measured, now: at }: MeasuredData): Decision<ServerEvent> {
  const { serverId } = server
  if (server.situation === 'retired') return accept()
  const changes = alertChanges(server.config.alerts, server.alerts, measured)
  return accept(
    ...changes.flatMap((change): readonly ServerEvent[] => {
      if (change.kind === 'cleared')
        return [{ type: 'ServerAlertCleared', data: { serverId, alert: change.alert, value: change.value, at } }]
      const { alert, value, threshold } = change
      return server.state === 'maintenance' ? [] : [{ type: 'ServerAlertRaised', data: { serverId, alert, value, threshold, at } }]
    }),
  )
}

type MeasuredData = Extract<FactCommand, { type: 'ReportServerMeasures' }>['data']

/** A failure, and at once what follows from it: a restart, the end of the budget, or the end of trying to start at all. */
function fail(
  server: Exclude<Server, { situation: 'absent' }>,
  runningSince: Instant | undefined,
  report: FailureReport,
): Decision<ServerEvent> {
  const { serverId } = server
  const { runId, reason, says, exit, stderrTail, jitter, now } = report
  // In maintenance nothing is a failure; and after it, the run that was told to end for it may still be on its way out.
  if (server.state === 'maintenance' || server.state === 'stopped') {
    return accept({ type: 'ServerStopped', data: { serverId, runId, exit: exit ?? { how: 'gone', code: null, signal: null }, at: now } })
  }
  const wasRunning = runningSince !== undefined
  const stable = wasRunning && elapsedMs(runningSince, now) >= STABLE_AFTER_MS
  const crashes = wasRunning ? (stable ? 0 : server.crashes) + 1 : server.crashes
  const failedStarts = wasRunning ? 0 : server.failedStarts + 1
  const failed: ServerEvent = {
    type: 'ServerFailed',
    data: { serverId, runId, reason, says, wasRunning, exit, stderrTail, failedStarts, crashes, at: now },
  }
  if (server.situation === 'retired' || server.desired === 'stopped') return accept(failed)
  // Something of it still runs, and a second one beside it must not: that is for a person to see to.
  if (reason === 'stop-failed') return accept(failed)
  // Only a person can change that, unless he just has: it waits for an approval, and trying again would end in disabled within a moment.
  if (reason === 'executable-forbidden' && !server.run?.approvedSince) return accept(failed)
  return accept<ServerEvent>(failed, ...afterwards(server, { failedStarts, crashes, jitter, now }))
}

function afterwards(
  { serverId, config }: RegisteredServer,
  { failedStarts, crashes, jitter, now }: Readonly<{ failedStarts: number; crashes: number; jitter: number; now: Instant }>,
): readonly ServerEvent[] {
  if (failedStarts >= config.maxFailures) {
    const reason = `${failedStarts} starts in a row never reached running`
    return [{ type: 'ServerDisabled', data: { serverId, by: 'steward', reason, because: 'failures', at: now } }]
  }
  if (!config.autoRestart) return []
  if (crashes > config.restartBudget) return [{ type: 'ServerRestartBudgetExhausted', data: { serverId, crashes, at: now } }]
  const attempt = Math.max(1, failedStarts > 0 ? failedStarts + crashes : crashes)
  const dueAt = later(now, restartDelayMs(attempt, jitter))
  return [{ type: 'ServerRestartScheduled', data: { serverId, attempt, dueAt, at: now } }]
}
