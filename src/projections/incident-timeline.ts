/** The story of each incident: one row per event that belongs to it, with one sentence for a person (`timeline-text.ts`). */
import type { Instant } from '../domain/instant.ts'
import { incidentOf, storyTypes } from './incident-story.ts'
import { defineProjection } from './projection.ts'
import { sentence } from './timeline-text.ts'

export type TimelineRow = Readonly<{
  position: bigint
  incidentId: string
  at: Instant
  type: string
  /** What happened, in one sentence. */
  text: string
  actor: string
  eventId: string
}>

export const incidentTimeline = defineProjection({
  name: 'incident-timeline',
  version: 2,
  table: 'incident_timeline',
  columns: { position: 'bigint', incidentId: 'text', at: 'timestamptz', type: 'text', text: 'text', actor: 'text', eventId: 'text' },
  primaryKey: 'position',
  nullable: [],
  indexes: [{ columns: ['incidentId', 'position'] }],
  eventTypes: storyTypes,
  appendOnly: true,
  keys: (event) => (incidentOf(event) === undefined ? [] : [event.position]),
  fold(_row: TimelineRow | undefined, event): TimelineRow | 'none' {
    const incidentId = incidentOf(event)
    if (incidentId === undefined) return 'none'
    const { position, recordedAt, type, metadata } = event
    return { position, incidentId, at: recordedAt, type, text: sentence(event), actor: metadata.actor, eventId: metadata.eventId }
  },
})
