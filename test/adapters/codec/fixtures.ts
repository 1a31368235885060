/** One file per type and version of an event: data as that version writes it, with every optional field and every variant. Kept for ever. */
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { RecordedEvent } from '../../../src/domain/ports/event-store.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'

export type EventFixture = Readonly<{ file: string; type: string; version: number; data: readonly JsonObject[] }>

const directory = new URL('../../fixtures/events/', import.meta.url)
const dataOf = z.array(z.record(z.string(), z.json()))

export function eventFixtures(): readonly EventFixture[] {
  return readdirSync(directory).map((file) => {
    const [, type = '', version = ''] = /^([A-Za-z]+)\.v(\d+)\.json$/.exec(file) ?? []
    return { file, type, version: Number(version), data: dataOf.parse(JSON.parse(readFileSync(new URL(file, directory), 'utf8'))) }
  })
}

export const recordedFixture = (type: string, version: number, data: JsonObject): RecordedEvent => ({
  type,
  data,
  stream: 'thing-1',
  revision: 3n,
  position: 4_711n,
  recordedAt: '2026-11-21T10:30:00.000Z',
  metadata: {
    eventId: '0199f0a0-0000-7000-8000-000000000001',
    correlationId: 'correlation',
    causationId: 'causation',
    actor: 'mira',
    schemaVersion: version,
  },
})
