import { describe, expect, test } from 'vitest'
import { createCodec, isEventType } from '../../../src/adapters/codec/codec.ts'
import { schemas } from '../../../src/adapters/codec/schemas/index.ts'
import { currentVersion, upcasts } from '../../../src/adapters/codec/versions.ts'
import { instant } from '../../../src/domain/instant.ts'
import { UndecodableEvent } from '../../../src/domain/ports/codec.ts'
import type { RecordedEvent } from '../../../src/domain/ports/event-store.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import { eventFixtures, recordedFixture } from './fixtures.ts'

const codec = createCodec()
const fixtures = eventFixtures()
const at = instant('2026-11-21T10:30:00.000Z')

test('every version that was ever written of every event has a fixture, and nothing else has', () => {
  const versions = Object.keys(schemas)
    .filter(isEventType)
    .flatMap((type) => Array.from({ length: currentVersion(upcasts, type) }, (_, index) => `${type}.v${index + 1}.json`))
  expect(fixtures.map(({ file }) => file).sort()).toEqual(versions.sort())
})

describe.each(fixtures)('$file', ({ type, version, data }) => {
  test('is read, and written again as it was', () => {
    for (const each of data) {
      const event = codec.decode(recordedFixture(type, version, each))
      expect(event.type).toBe(type)
      const written = codec.encode(event, event.metadata)
      expect(written.metadata.schemaVersion).toBe(isEventType(type) && currentVersion(upcasts, type))
      if (written.metadata.schemaVersion === version) expect(written.data).toStrictEqual(each)
    }
  })

  test('a field of the wrong type, a missing one and an unknown one are each refused by name', () => {
    for (const each of data) {
      for (const field of Object.keys(each)) {
        expect(refusal(recordedFixture(type, version, { ...each, [field]: [7] }))).toMatch(/data(?:\.|:)/)
      }
      const [required] = Object.keys(each)
      const without = Object.fromEntries(Object.entries(each).filter(([field]) => field !== required))
      if (required !== undefined) expect(refusal(recordedFixture(type, version, without))).toContain('data')
      expect(refusal(recordedFixture(type, version, { ...each, unheardOf: 1 }))).toContain('unheardOf')
    }
  })
})

test('text from outside passes letter by letter', () => {
  const excerpt = { text: 'NUL \u0000, lone \ud800, escaped \\u0000, 😀' }
  const [first = {}] = fixtures.find(({ type }) => type === 'AnomalyDetected')?.data ?? []
  expect(codec.decode(recordedFixture('AnomalyDetected', 1, { ...first, excerpt })).data).toHaveProperty('excerpt', excerpt)
})

test('what is refused names the event, the field and the rule, but never the value', () => {
  const says = refusal(recordedFixture('HostReached', 1, { hostId: 'h', at: 'secret-yesterday' }))
  expect(says).toBe('HostReached at thing-1@3: data.at: must be a moment in the form 2026-11-21T10:30:00.000Z')
})

test('an unknown type, a newer version and a version that is no number are refused', () => {
  expect(refusal(recordedFixture('SomethingElse', 1, {}))).toContain('type is unknown to this program')
  expect(refusal(recordedFixture('toString', 1, {}))).toContain('type is unknown to this program')
  expect(refusal(recordedFixture('HostReached', 2, { hostId: 'h', at }))).toContain('version 2 is newer than 1')
  expect(refusal(recordedFixture('HostReached', 0, { hostId: 'h', at }))).toContain('metadata.schemaVersion')
  expect(refusal(recordedFixture('HostReached', 1.5, { hostId: 'h', at }))).toContain('metadata.schemaVersion')
})

describe('upcasts', () => {
  const renamed = (data: JsonObject): JsonObject => {
    const { host, ...rest } = data
    return { ...rest, hostId: host ?? null }
  }
  const dated = (data: JsonObject): JsonObject => ({ ...data, at })
  const lifting = createCodec({ upcasts: { HostReached: [renamed, dated] } })

  test('lift an old version step by step', () => {
    expect(lifting.decode(recordedFixture('HostReached', 1, { host: 'h' })).data).toEqual({ hostId: 'h', at })
    expect(lifting.decode(recordedFixture('HostReached', 2, { hostId: 'h' })).data).toEqual({ hostId: 'h', at })
    expect(lifting.decode(recordedFixture('HostReached', 3, { hostId: 'h', at })).data).toEqual({ hostId: 'h', at })
  })

  test('are not tried on the version that is written now', () => {
    const { metadata } = recordedFixture('HostReached', 1, {})
    expect(lifting.encode({ type: 'HostReached', data: { hostId: 'h', at } }, metadata).metadata.schemaVersion).toBe(3)
    expect(() => lifting.decode(recordedFixture('HostReached', 3, { host: 'h' }))).toThrow(UndecodableEvent)
  })

  test('that fail make the event undecodable, with their error as the cause', () => {
    const cause = new Error('no')
    const failing = createCodec({
      upcasts: {
        HostReached: [
          () => {
            throw cause
          },
        ],
      },
    })
    expect(() => failing.decode(recordedFixture('HostReached', 1, {}))).toThrow(
      expect.objectContaining({ name: 'UndecodableEvent', cause }),
    )
  })
})

function refusal(event: RecordedEvent): string {
  try {
    codec.decode(event)
  } catch (error) {
    if (error instanceof UndecodableEvent) return error.message
    throw error
  }
  return 'not refused'
}
