/** What must be unique - names of hosts and targets, keys of hosts - and who holds it. One stream per kind. */
import type { Instant } from '../instant.ts'

export type RegistryEvent =
  | Readonly<{ type: 'NameClaimed'; data: Claim }>
  | Readonly<{ type: 'NameReleased'; data: Readonly<{ name: string; holder: string; at: Instant }> }>

/** `shared`: a person said that it may have this holder beside others. */
export type Claim = Readonly<{ name: string; holder: string; shared?: true; at: Instant }>
