/** What can happen to a host: a machine that Steward reaches over SSH. */
import type { Instant } from '../instant.ts'
import type { HostKey } from '../ports/remote-host.ts'
import type { SecretReference } from '../ports/secrets.ts'

export type HostEvent =
  | Readonly<{ type: 'HostRegistered'; data: HostRegistration }>
  | Readonly<{ type: 'HostKeyChanged'; data: HostKeyChange }>
  | Readonly<{ type: 'HostRetired'; data: Readonly<{ hostId: string; by: string; reason: string; at: Instant }> }>
  | Readonly<{ type: 'HostReached'; data: Readonly<{ hostId: string; at: Instant }> }>
  | Readonly<{ type: 'HostLost'; data: Readonly<{ hostId: string; rule: string; at: Instant }> }>
  | Readonly<{ type: 'TargetPlaced'; data: Readonly<{ hostId: string; targetId: string; name: string; at: Instant }> }>
  | Readonly<{ type: 'TargetTakenOff'; data: Readonly<{ hostId: string; targetId: string; at: Instant }> }>

export type HostRegistration = Readonly<{
  hostId: string
  name: string
  address: string
  port: number
  username: string
  privateKey: SecretReference
  hostKey: HostKey
  /** A person said that it is another machine than those that show the same key. */
  sharedHostKey?: true
  by: string
  at: Instant
}>

export type HostKeyChange = Readonly<{ hostId: string; hostKey: HostKey; sharedHostKey?: true; by: string; at: Instant }>
