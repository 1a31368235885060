/** The rules of a host: registered once, watched, retired for good. Its reachability is recorded only when it changes. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { HostEvent, HostRegistration } from './events.ts'

export type Host =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{ situation: 'registered'; registration: HostRegistration; reachable: boolean | 'unknown' }>
  | Readonly<{ situation: 'retired' }>

export type HostCommand =
  | Readonly<{ type: 'RegisterHost'; data: HostRegistration }>
  | Readonly<{ type: 'RetireHost'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'ReportHostReached'; data: Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'ReportHostLost'; data: Readonly<{ rule: string; now: Instant }> }>

export const host: Decider<Host, HostCommand, HostEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Host, event: HostEvent): Host {
  switch (event.type) {
    case 'HostRegistered':
      return state.situation === 'absent' ? { situation: 'registered', registration: event.data, reachable: 'unknown' } : state
    case 'HostRetired':
      return state.situation === 'registered' ? { situation: 'retired' } : state
    case 'HostReached':
      return state.situation === 'registered' ? { ...state, reachable: true } : state
    case 'HostLost':
      return state.situation === 'registered' ? { ...state, reachable: false } : state
    default:
      return unreachable(event)
  }
}

function decide(state: Host, command: HostCommand): Decision<HostEvent> {
  if (command.type === 'RegisterHost') {
    return state.situation === 'absent' ? accept({ type: 'HostRegistered', data: command.data }) : refuse('host-already-registered')
  }
  if (state.situation !== 'registered') return refuse('host-not-registered', { situation: state.situation })
  const { hostId } = state.registration
  switch (command.type) {
    case 'RetireHost': {
      const { by, reason, now } = command.data
      return accept({ type: 'HostRetired', data: { hostId, by, reason, at: now } })
    }
    case 'ReportHostReached':
      return state.reachable === true ? accept() : accept({ type: 'HostReached', data: { hostId, at: command.data.now } })
    case 'ReportHostLost': {
      const { rule, now } = command.data
      return state.reachable === false ? accept() : accept({ type: 'HostLost', data: { hostId, rule, at: now } })
    }
    default:
      return unreachable(command)
  }
}
