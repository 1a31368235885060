/** The rules of the switch: it survives restarts because it is an event, and whoever waits behind it is told once when it opens. */
import { accept, type Decider, type Decision, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { HealingSwitchEvent } from './events.ts'

export type HealingSwitch = Readonly<{
  stopped: Readonly<{ by: string; reason: string }> | undefined
  /** Incidents that were held back since it was stopped. */
  waiting: ReadonlySet<string>
}>

export type HealingSwitchCommand =
  | Readonly<{ type: 'StopHealing'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'ResumeHealing'; data: Readonly<{ by: string; now: Instant }> }>
  | Readonly<{ type: 'AwaitHealing'; data: Readonly<{ incidentId: string; now: Instant }> }>

export const healingSwitch: Decider<HealingSwitch, HealingSwitchCommand, HealingSwitchEvent> = {
  initialState: { stopped: undefined, waiting: new Set() },
  evolve(state, event) {
    switch (event.type) {
      case 'HealingStopped':
        return { ...state, stopped: { by: event.data.by, reason: event.data.reason } }
      case 'HealingResumed':
        return { ...state, stopped: undefined }
      case 'HealingAwaited':
        return { ...state, waiting: new Set(state.waiting).add(event.data.incidentId) }
      case 'HealingOffered':
        return { ...state, waiting: new Set([...state.waiting].filter((incidentId) => incidentId !== event.data.incidentId)) }
      default:
        return unreachable(event)
    }
  },
  decide,
}

function decide(state: HealingSwitch, command: HealingSwitchCommand): Decision<HealingSwitchEvent> {
  const { now } = command.data
  switch (command.type) {
    case 'StopHealing': {
      const { by, reason } = command.data
      return state.stopped ? accept() : accept({ type: 'HealingStopped', data: { by, reason, at: now } })
    }
    case 'ResumeHealing': {
      if (!state.stopped) return accept()
      const offers = [...state.waiting].map((incidentId) => ({ type: 'HealingOffered' as const, data: { incidentId, at: now } }))
      return accept<HealingSwitchEvent>({ type: 'HealingResumed', data: { by: command.data.by, at: now } }, ...offers)
    }
    case 'AwaitHealing': {
      const { incidentId } = command.data
      // Not stopped by the switch: by a file, which tells nobody when it is gone, or not any more. Whoever waits looks again by himself.
      if (!state.stopped || state.waiting.has(incidentId)) return accept()
      return accept({ type: 'HealingAwaited', data: { incidentId, at: now } })
    }
    default:
      return unreachable(command)
  }
}
