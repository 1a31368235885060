/**
 * What is wrong with a managed server, in the order in which a person wants to hear it. Everything comes from what Steward says of the server and from
 * the limits below; nothing is remembered, so a trouble that is over is gone with the next look.
 */
import type { Server } from '../client/shapes.ts'
import { count } from '../views/value.ts'

export type Severity = 'critical' | 'error' | 'warning'

export type Trouble = Readonly<{
  severity: Severity
  rule: string
  /** May hold text from outside. */
  says: string
  /** Since when; null where nobody knows. */
  since: string | null
}>

/** What the calls of the period amount to. */
export type Usage = Readonly<{ calls: number; errors: number; p95Ms: number | null }>

/** Of the dashboard this one follows. A rate over a handful of calls says nothing. */
const MOST_ERRORS = 0.1
const LEAST_CALLS = 5
const SLOW_MS = 1_000

/** The worst first. */
export function troublesOf(server: Server, usage: Usage): readonly Trouble[] {
  // Whoever took it out of service knows.
  if (server.state === 'maintenance') return []
  return [...ofLife(server), ...ofApproval(server), ...ofHealth(server), ...ofThresholds(server), ...ofCalls(usage)]
}

function ofLife({ enabled, disabledBecause, desired, state, stateSince, failure, restart }: Server): readonly Trouble[] {
  const why = failure === null ? 'nobody knows why' : `${failure.reason}: ${failure.says}`
  if (!enabled) {
    return disabledBecause === 'failures'
      ? [{ severity: 'critical', rule: 'disabled-by-failures', says: `disabled, it failed too often: ${why}`, since: stateSince }]
      : []
  }
  if (restart !== null)
    return [{ severity: 'error', rule: 'restart-scheduled', says: `restarted soon, attempt ${restart.attempt}: ${why}`, since: stateSince }]
  if (state === 'error') return [{ severity: 'critical', rule: 'failed', says: `not restarted: ${why}`, since: stateSince }]
  if (state === 'starting' && failure !== null)
    return [{ severity: 'error', rule: 'starting-again', says: `starting again: ${why}`, since: stateSince }]
  if (state === 'stopped' && desired === 'running')
    return [{ severity: 'warning', rule: 'not-running', says: 'should run and does not', since: stateSince }]
  return []
}

function ofApproval({ enabled, executable, tools, pendingInstructions }: Server): readonly Trouble[] {
  const program =
    enabled && executable?.verdict === 'needs-approval' && !executable.approved
      ? `the program waits for an approval: ${executable.says ?? ''}`
      : undefined
  const waits = [
    ...(tools.quarantined > 0 ? [count(tools.quarantined, 'tool')] : []),
    ...(pendingInstructions === null ? [] : ['what it tells every model']),
  ]
  return [
    ...(program === undefined ? [] : [{ severity: 'error', rule: 'program-not-approved', says: program, since: null } as const]),
    ...(waits.length === 0
      ? []
      : [{ severity: 'warning', rule: 'waits-for-approval', says: `waits for an approval: ${waits.join(', ')}`, since: null } as const]),
  ]
}

function ofHealth({ state, health, healthFacts, healthSince }: Server): readonly Trouble[] {
  if (state !== 'running') return []
  const says = healthFacts?.says ?? ''
  if (health === 'unhealthy')
    return [
      {
        severity: 'error',
        rule: 'unhealthy',
        says: healthFacts?.live === false ? `it does not live: ${says}` : `it does not answer: ${says}`,
        since: healthSince,
      },
    ]
  return health === 'degraded'
    ? [{ severity: 'warning', rule: 'degraded', says: `it does not list what it offers: ${says}`, since: healthSince }]
    : []
}

/** In the words of `error_alert`. */
export const thresholdRules = {
  errorRate: 'alert-error-rate',
  p95Ms: 'alert-slow',
  memoryBytes: 'alert-memory',
} as const satisfies Readonly<Record<Server['alerts'][number]['alert'], string>>

/** Beyond what somebody has said that he wants to hear of. */
function ofThresholds({ alerts }: Server): readonly Trouble[] {
  return alerts.map(({ alert, says, since }) => ({ severity: 'warning', rule: thresholdRules[alert], says, since }))
}

function ofCalls({ calls, errors, p95Ms }: Usage): readonly Trouble[] {
  if (calls < LEAST_CALLS) return []
  return [
    ...(errors / calls > MOST_ERRORS
      ? [{ severity: 'warning', rule: 'many-errors', says: `${errors} of ${calls} calls failed`, since: null } as const]
      : []),
    ...(p95Ms !== null && p95Ms > SLOW_MS
      ? [{ severity: 'warning', rule: 'slow', says: `one call of twenty takes more than ${Math.round(p95Ms)} ms`, since: null } as const]
      : []),
  ]
}
