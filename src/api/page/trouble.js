/** What is wrong with a server, the worst first: the same as `steward top` says, and by the same limits. A test compares the two. */
import { count } from './words.js'

/** @typedef {{ severity: 'critical' | 'error' | 'warning', says: string, since: string | null }} Trouble */
/** @typedef {import('./shapes.d.ts').Server} Server */
/** @typedef {Readonly<{ calls: number, errors: number, p95Ms: number | null }>} Usage */

/** A rate over a handful of calls says nothing. */
const MOST_ERRORS = 0.1
const LEAST_CALLS = 5
const SLOW_MS = 1_000

/**
 * @param {Server} server
 * @param {Usage} usage
 * @returns {Trouble[]}
 */
export function troublesOf(server, usage) {
  // Whoever took it out of service knows.
  if (server.state === 'maintenance') return []
  return [ofLife(server), ...ofApproval(server), ofHealth(server), ...ofThresholds(server), ...ofCalls(usage)].filter(
    (trouble) => trouble !== undefined,
  )
}

/** @param {Server} server @returns {Trouble | undefined} */
function ofLife({ enabled, disabledBecause, desired, state, stateSince: since, failure, restart }) {
  const why = failure === null ? 'nobody knows why' : `${failure.reason}: ${failure.says}`
  if (!enabled) {
    return disabledBecause === 'failures' ? { severity: 'critical', says: `disabled, it failed too often: ${why}`, since } : undefined
  }
  if (restart !== null) return { severity: 'error', says: `restarted soon, attempt ${restart.attempt}: ${why}`, since }
  if (state === 'error') return { severity: 'critical', says: `not restarted: ${why}`, since }
  if (state === 'starting' && failure !== null) return { severity: 'error', says: `starting again: ${why}`, since }
  if (state === 'stopped' && desired === 'running') return { severity: 'warning', says: 'should run and does not', since }
  return undefined
}

/** @param {Server} server @returns {Trouble[]} */
function ofApproval({ enabled, executable, tools, pendingInstructions }) {
  /** @type {Trouble[]} */
  const troubles = []
  if (enabled && executable?.verdict === 'needs-approval' && !executable.approved) {
    troubles.push({ severity: 'error', says: `the program waits for an approval: ${executable.says ?? ''}`, since: null })
  }
  const waits = [
    ...(tools.quarantined > 0 ? [count(tools.quarantined, 'tool')] : []),
    ...(pendingInstructions === null ? [] : ['what it tells every model']),
  ]
  if (waits.length > 0) troubles.push({ severity: 'warning', says: `waits for an approval: ${waits.join(', ')}`, since: null })
  return troubles
}

/** @param {Server} server @returns {Trouble | undefined} */
function ofHealth({ state, health, healthFacts, healthSince: since }) {
  if (state !== 'running') return undefined
  const says = healthFacts?.says ?? ''
  if (health === 'unhealthy') {
    return { severity: 'error', says: healthFacts?.live === false ? `it does not live: ${says}` : `it does not answer: ${says}`, since }
  }
  return health === 'degraded' ? { severity: 'warning', says: `it does not list what it offers: ${says}`, since } : undefined
}

/** Beyond what somebody has said that he wants to hear of. @param {Server} server @returns {Trouble[]} */
const ofThresholds = ({ alerts }) => alerts.map(({ says, since }) => ({ severity: 'warning', says, since }))

/** @param {Usage} usage @returns {Trouble[]} */
function ofCalls({ calls, errors, p95Ms }) {
  if (calls < LEAST_CALLS) return []
  /** @type {Trouble[]} */
  const troubles = []
  if (errors / calls > MOST_ERRORS) troubles.push({ severity: 'warning', says: `${errors} of ${calls} calls failed`, since: null })
  if (p95Ms !== null && p95Ms > SLOW_MS) {
    troubles.push({ severity: 'warning', says: `one call of twenty takes more than ${Math.round(p95Ms)} ms`, since: null })
  }
  return troubles
}
