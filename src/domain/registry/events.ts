/** Names that must be unique: who holds which. One stream per kind of name. */
import type { Instant } from '../instant.ts'

export type RegistryEvent =
  | Readonly<{ type: 'NameClaimed'; data: Readonly<{ name: string; holder: string; at: Instant }> }>
  | Readonly<{ type: 'NameReleased'; data: Readonly<{ name: string; holder: string; at: Instant }> }>
