/** Hosts that were registered, whether they can be reached, and which were retired. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { SecretReference } from '../domain/ports/secrets.ts'
import { defineProjection } from './projection.ts'

export type HostRow = Readonly<{
  hostId: string
  name: string
  address: string
  port: number
  username: string
  privateKey: SecretReference
  /** As in known_hosts. */
  hostKey: string
  hostKeyFingerprint: string
  /** A person said that it is another machine than those that show the same key. */
  sharedHostKey: boolean
  state: 'registered' | 'retired'
  reachable: 'unknown' | 'reachable' | 'lost'
  /** Why it was lost, in the words of the SSH adapter's rules. */
  lostRule: string | null
  reachedAt: Instant | null
  registeredBy: string
  registeredAt: Instant
  retiredBy: string | null
  retiredReason: string | null
  retiredAt: Instant | null
  /** Of the stream: the ETag. */
  revision: bigint
}>

export const hosts = defineProjection({
  name: 'hosts',
  version: 2,
  table: 'hosts',
  columns: {
    hostId: 'text',
    name: 'text',
    address: 'text',
    port: 'integer',
    username: 'text',
    privateKey: 'text',
    hostKey: 'text',
    hostKeyFingerprint: 'text',
    sharedHostKey: 'boolean',
    state: 'text',
    reachable: 'text',
    lostRule: 'text',
    reachedAt: 'timestamptz',
    registeredBy: 'text',
    registeredAt: 'timestamptz',
    retiredBy: 'text',
    retiredReason: 'text',
    retiredAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'hostId',
  nullable: ['lostRule', 'reachedAt', 'retiredBy', 'retiredReason', 'retiredAt'],
  eventTypes: ['HostRegistered', 'HostKeyChanged', 'HostRetired', 'HostReached', 'HostLost', 'TargetPlaced', 'TargetTakenOff'],
  keys: (event) => [event.data.hostId],
  fold(row: HostRow | undefined, event): HostRow | 'none' {
    const { revision } = event
    if (event.type === 'HostRegistered') {
      const { hostId, name, address, port, username, privateKey, hostKey, sharedHostKey = false, by, at } = event.data
      return {
        hostId,
        name,
        address,
        port,
        username,
        privateKey,
        hostKey: hostKey.key,
        hostKeyFingerprint: hostKey.fingerprint,
        sharedHostKey,
        state: 'registered',
        reachable: 'unknown',
        lostRule: null,
        reachedAt: null,
        registeredBy: by,
        registeredAt: at,
        retiredBy: null,
        retiredReason: null,
        retiredAt: null,
        revision,
      }
    }
    if (!row) return 'none'
    switch (event.type) {
      case 'HostKeyChanged': {
        const { hostKey, sharedHostKey = false } = event.data
        return { ...row, hostKey: hostKey.key, hostKeyFingerprint: hostKey.fingerprint, sharedHostKey, revision }
      }
      case 'TargetPlaced':
      case 'TargetTakenOff':
        return { ...row, revision }
      case 'HostReached':
        return { ...row, reachable: 'reachable', lostRule: null, reachedAt: event.data.at, revision }
      case 'HostLost':
        return { ...row, reachable: 'lost', lostRule: event.data.rule, revision }
      case 'HostRetired': {
        const { by, reason, at } = event.data
        return { ...row, state: 'retired', retiredBy: by, retiredReason: reason, retiredAt: at, revision }
      }
      default:
        return unreachable(event)
    }
  },
})
