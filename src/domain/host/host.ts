/**
 * The rules of a host: registered once, watched, retired for good, and only when no target stands on it any more. Its reachability is recorded
 * only when it changes.
 */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { HostEvent, HostKeyChange, HostRegistration } from './events.ts'

export type Host =
  | Readonly<{ situation: 'absent' }>
  | Readonly<{
      situation: 'registered'
      /** As it is now: with the key of the last change. */
      registration: HostRegistration
      reachable: boolean | 'unknown'
      /** Names of its targets, by id. */
      targets: ReadonlyMap<string, string>
    }>
  | Readonly<{ situation: 'retired'; registration: HostRegistration }>

export type HostCommand =
  | Readonly<{ type: 'RegisterHost'; data: HostRegistration }>
  | Readonly<{ type: 'ChangeHostKey'; data: Omit<HostKeyChange, 'hostId' | 'at'> & Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'RetireHost'; data: Readonly<{ by: string; reason: string; now: Instant }> }>
  | Readonly<{ type: 'ReportHostReached'; data: Readonly<{ now: Instant }> }>
  | Readonly<{ type: 'ReportHostLost'; data: Readonly<{ rule: string; now: Instant }> }>
  | Readonly<{ type: 'PlaceTarget'; data: Readonly<{ targetId: string; name: string; now: Instant }> }>
  | Readonly<{ type: 'TakeTargetOff'; data: Readonly<{ targetId: string; now: Instant }> }>

export const host: Decider<Host, HostCommand, HostEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Host, event: HostEvent): Host {
  if (event.type === 'HostRegistered') {
    if (state.situation !== 'absent') return state
    return { situation: 'registered', registration: event.data, reachable: 'unknown', targets: new Map() }
  }
  if (state.situation !== 'registered') return state
  switch (event.type) {
    case 'HostKeyChanged': {
      const { sharedHostKey: _, ...registration } = state.registration
      const { hostKey, sharedHostKey } = event.data
      return { ...state, registration: { ...registration, hostKey, ...(sharedHostKey ? { sharedHostKey } : {}) } }
    }
    case 'HostRetired':
      return { situation: 'retired', registration: state.registration }
    case 'HostReached':
      return { ...state, reachable: true }
    case 'HostLost':
      return { ...state, reachable: false }
    case 'TargetPlaced':
      return { ...state, targets: new Map(state.targets).set(event.data.targetId, event.data.name) }
    case 'TargetTakenOff':
      return { ...state, targets: new Map([...state.targets].filter(([targetId]) => targetId !== event.data.targetId)) }
    default:
      return unreachable(event)
  }
}

function decide(state: Host, command: HostCommand): Decision<HostEvent> {
  if (command.type === 'RegisterHost') {
    return state.situation === 'absent' ? accept({ type: 'HostRegistered', data: command.data }) : refuse('host-already-registered')
  }
  if (state.situation !== 'registered') return refuse('host-not-registered', { situation: state.situation })
  const { registration, targets } = state
  const { hostId } = registration
  switch (command.type) {
    case 'ChangeHostKey': {
      const { now, ...change } = command.data
      if (change.hostKey.key === registration.hostKey.key) return accept()
      return accept({ type: 'HostKeyChanged', data: { hostId, ...change, at: now } })
    }
    case 'RetireHost': {
      const { by, reason, now } = command.data
      if (targets.size > 0) return refuse('host-has-targets', { targets: [...targets.values()].join(', ') })
      return accept({ type: 'HostRetired', data: { hostId, by, reason, at: now } })
    }
    case 'ReportHostReached':
      return state.reachable === true ? accept() : accept({ type: 'HostReached', data: { hostId, at: command.data.now } })
    case 'ReportHostLost': {
      const { rule, now } = command.data
      return state.reachable === false ? accept() : accept({ type: 'HostLost', data: { hostId, rule, at: now } })
    }
    case 'PlaceTarget': {
      const { targetId, name, now } = command.data
      return targets.has(targetId) ? accept() : accept({ type: 'TargetPlaced', data: { hostId, targetId, name, at: now } })
    }
    case 'TakeTargetOff': {
      const { targetId, now } = command.data
      return targets.has(targetId) ? accept({ type: 'TargetTakenOff', data: { hostId, targetId, at: now } }) : accept()
    }
    default:
      return unreachable(command)
  }
}
