/** Instances of processes that stopped at an event they could not handle, and wait for somebody to retry or skip it. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import type { ProcessName } from '../domain/processes/process-name.ts'
import { defineProjection } from './projection.ts'

export type ParkedInstanceRow = Readonly<{
  /** The stream of the instance. */
  id: string
  process: ProcessName
  instance: string
  /** Of the event that stopped it. */
  position: bigint
  eventId: string
  cause: string
  at: Instant
}>

export const parkedInstances = defineProjection({
  name: 'parked-instances',
  version: 1,
  table: 'parked_instances',
  columns: { id: 'text', process: 'text', instance: 'text', position: 'bigint', eventId: 'text', cause: 'text', at: 'timestamptz' },
  primaryKey: 'id',
  nullable: [],
  eventTypes: ['InstanceParked', 'InstanceUnparked'],
  keys: (event) => [`${event.data.process}-${event.data.instance}`],
  fold(_row: ParkedInstanceRow | undefined, event, id): ParkedInstanceRow | 'none' {
    switch (event.type) {
      case 'InstanceParked': {
        const { process, instance, position, eventId, cause, at } = event.data
        return { id, process, instance, position: BigInt(position), eventId, cause: cause.text, at }
      }
      case 'InstanceUnparked':
        return 'none'
      default:
        return unreachable(event)
    }
  },
})
