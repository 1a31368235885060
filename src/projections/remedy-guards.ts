/** What each action of the catalogue did across hosts: where it failed, and when it last ran on each target. */
import { unreachable } from '../domain/decider.ts'
import type { Instant } from '../domain/instant.ts'
import { defineProjection } from './projection.ts'

export type RemedyGuardRow = Readonly<{
  actionId: string
  /** Hosts on which it failed since a person last cleared it. While there are any, it runs on no host by itself. */
  failedOn: readonly string[]
  lastFailedAt: Instant | null
  /** By target. */
  appliedAt: Readonly<Record<string, Instant>>
  clearedBy: string | null
  clearedReason: string | null
  clearedAt: Instant | null
  revision: bigint
}>

export const remedyGuards = defineProjection({
  name: 'remedy-guards',
  version: 1,
  table: 'remedy_guards',
  columns: {
    actionId: 'text',
    failedOn: 'text[]',
    lastFailedAt: 'timestamptz',
    appliedAt: 'json',
    clearedBy: 'text',
    clearedReason: 'text',
    clearedAt: 'timestamptz',
    revision: 'bigint',
  },
  primaryKey: 'actionId',
  nullable: ['lastFailedAt', 'clearedBy', 'clearedReason', 'clearedAt'],
  eventTypes: ['RemedyFailed', 'RemedyApplied', 'RemedyCleared'],
  keys: (event) => [event.data.actionId],
  fold(row: RemedyGuardRow | undefined, event): RemedyGuardRow {
    const guard: RemedyGuardRow = { ...(row ?? unused(event.data.actionId)), revision: event.revision }
    switch (event.type) {
      case 'RemedyFailed': {
        const { hostId, at } = event.data
        const failedOn = guard.failedOn.includes(hostId) ? guard.failedOn : [...guard.failedOn, hostId]
        return { ...guard, failedOn, lastFailedAt: at }
      }
      case 'RemedyApplied':
        return { ...guard, appliedAt: { ...guard.appliedAt, [event.data.targetId]: event.data.at } }
      case 'RemedyCleared': {
        const { by, reason, at } = event.data
        return { ...guard, failedOn: [], clearedBy: by, clearedReason: reason, clearedAt: at }
      }
      default:
        return unreachable(event)
    }
  },
})

const unused = (actionId: string): Omit<RemedyGuardRow, 'revision'> => ({
  actionId,
  failedOn: [],
  lastFailedAt: null,
  appliedAt: {},
  clearedBy: null,
  clearedReason: null,
  clearedAt: null,
})
