/** The rules of unique names: a name has one holder, and its holder may claim it again. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { RegistryEvent } from './events.ts'

/** Holder by name. */
export type Registry = ReadonlyMap<string, string>

export type RegistryCommand =
  | Readonly<{ type: 'ClaimName'; data: Readonly<{ name: string; holder: string; now: Instant }> }>
  | Readonly<{ type: 'ReleaseName'; data: Readonly<{ name: string; holder: string; now: Instant }> }>

export const registry: Decider<Registry, RegistryCommand, RegistryEvent> = { initialState: new Map(), evolve, decide }

function evolve(state: Registry, event: RegistryEvent): Registry {
  const { name, holder } = event.data
  switch (event.type) {
    case 'NameClaimed':
      return state.has(name) ? state : new Map(state).set(name, holder)
    case 'NameReleased':
      return state.get(name) === holder ? new Map([...state].filter(([held]) => held !== name)) : state
    default:
      return unreachable(event)
  }
}

function decide(state: Registry, command: RegistryCommand): Decision<RegistryEvent> {
  const { name, holder, now } = command.data
  const current = state.get(name)
  switch (command.type) {
    case 'ClaimName':
      if (current === holder) return accept()
      return current === undefined
        ? accept({ type: 'NameClaimed', data: { name, holder, at: now } })
        : refuse('name-taken', { name, holder: current })
    case 'ReleaseName':
      return current === holder ? accept({ type: 'NameReleased', data: { name, holder, at: now } }) : accept()
    default:
      return unreachable(command)
  }
}
