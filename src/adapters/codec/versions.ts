/**
 * Which version of each event is written now, and how older ones are lifted to it: one function per step, kept for ever, each with a fixture
 * of the version that it lifts (`test/fixtures/events/<Type>.v<n>.json`). A change of an event's data raises its version and adds a step.
 */
import type { EventType } from '../../domain/events.ts'
import type { JsonObject } from '../../domain/ports/json.ts'

/** Lifts data of one version to the next. Pure, and total over everything that version ever wrote. */
export type Upcast = (data: JsonObject) => JsonObject

/** By type: the step from version 1 to 2, from 2 to 3, and so on. The version that is written is one more than there are steps. */
export type Upcasts = Readonly<Partial<Record<EventType, readonly Upcast[]>>>

export const upcasts: Upcasts = {}

export const currentVersion = (steps: Upcasts, type: EventType): number => (steps[type]?.length ?? 0) + 1
