/** The rules of unique names: a name has one holder, unless a person said that it is shared; and a holder may claim again. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { RegistryEvent } from './events.ts'

/** Holders by name, the first first; a name that nobody holds is not in it. */
export type Registry = ReadonlyMap<string, readonly string[]>

export type RegistryCommand =
  | Readonly<{ type: 'ClaimName'; data: Readonly<{ name: string; holder: string; shared?: true; now: Instant }> }>
  | Readonly<{ type: 'ReleaseName'; data: Readonly<{ name: string; holder: string; now: Instant }> }>

export const registry: Decider<Registry, RegistryCommand, RegistryEvent> = { initialState: new Map(), evolve, decide }

function evolve(state: Registry, event: RegistryEvent): Registry {
  const { name, holder } = event.data
  const others = (state.get(name) ?? []).filter((each) => each !== holder)
  switch (event.type) {
    case 'NameClaimed':
      return new Map(state).set(name, [...others, holder])
    case 'NameReleased':
      return new Map([...state].filter(([held]) => held !== name).concat(others.length > 0 ? [[name, others]] : []))
    default:
      return unreachable(event)
  }
}

function decide(state: Registry, command: RegistryCommand): Decision<RegistryEvent> {
  const { name, holder, now } = command.data
  const holders = state.get(name) ?? []
  switch (command.type) {
    case 'ClaimName': {
      if (holders.includes(holder)) return accept()
      const [first] = holders
      const { shared } = command.data
      if (first !== undefined && !shared) return refuse('name-taken', { name, holder: first })
      return accept({ type: 'NameClaimed', data: { name, holder, ...(shared ? { shared } : {}), at: now } })
    }
    case 'ReleaseName':
      return holders.includes(holder) ? accept({ type: 'NameReleased', data: { name, holder, at: now } }) : accept()
    default:
      return unreachable(command)
  }
}
