/** The rules of the switch: it survives restarts because it is an event. */
import { accept, type Decider, type Decision, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { HealingSwitchEvent } from './events.ts'

export type HealingSwitch = Readonly<{ stopped: Readonly<{ by: string; reason: string }> | undefined }>

export type HealingSwitchCommand =
  | Readonly<{ type: 'StopHealing'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'ResumeHealing'; data: Readonly<{ by: string; now: Instant }> }>

export const healingSwitch: Decider<HealingSwitch, HealingSwitchCommand, HealingSwitchEvent> = {
  initialState: { stopped: undefined },
  evolve(_state, event) {
    switch (event.type) {
      case 'HealingStopped':
        return { stopped: { by: event.data.by, reason: event.data.reason } }
      case 'HealingResumed':
        return { stopped: undefined }
      default:
        return unreachable(event)
    }
  },
  decide,
}

function decide(state: HealingSwitch, command: HealingSwitchCommand): Decision<HealingSwitchEvent> {
  const { by, now } = command.data
  switch (command.type) {
    case 'StopHealing':
      return state.stopped ? accept() : accept({ type: 'HealingStopped', data: { by, reason: command.data.reason, at: now } })
    case 'ResumeHealing':
      return state.stopped ? accept({ type: 'HealingResumed', data: { by, at: now } }) : accept()
    default:
      return unreachable(command)
  }
}
