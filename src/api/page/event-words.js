/** How grave an event is. The same words as the API has for events of servers; a test compares the two. */

export const severities = /** @type {const} */ (['info', 'warning', 'error', 'critical'])
/** @typedef {(typeof severities)[number]} Severity */

/** Those that are not `info`, whatever is in them. @type {Readonly<Record<string, Severity>>} */
const byType = {
  ServerFailed: 'error',
  ServerRestartScheduled: 'warning',
  ServerAlertRaised: 'warning',
  ServerRestartBudgetExhausted: 'critical',
  ToolQuarantined: 'warning',
}

/**
 * @param {{ type: string, data: Readonly<Record<string, unknown>> }} event
 * @returns {Severity}
 */
export function severityOf({ type, data }) {
  if (type === 'ServerDisabled') return data['because'] === 'failures' ? 'critical' : 'info'
  if (type === 'ServerHealthChanged') return data['to'] === 'unhealthy' ? 'error' : data['to'] === 'degraded' ? 'warning' : 'info'
  return byType[type] ?? 'info'
}
