/** Incidents that reached an end, or wait for a person by name: when all of them do, a simulated history is over. */
import type { Recorded } from '../../../src/domain/events.ts'

/** How each of them rests, by incident id. */
export function restingIncidents(log: readonly Recorded[]): ReadonlyMap<string, string> {
  const resting = new Map<string, string>()
  for (const { type, data } of log) {
    if (type === 'IncidentResolved') resting.set(data.incidentId, data.outcome)
    if (type === 'IncidentEscalated') resting.set(data.incidentId, data.reason)
    if (type === 'OutcomeUndetermined') resting.set(data.incidentId, 'undetermined')
  }
  return resting
}
