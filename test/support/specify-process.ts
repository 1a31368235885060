/**
 * given(inputs).when(input).yields(outputs): compares whole outputs of a process manager, so nothing unexpected slips through. Ids are derived in
 * a form that a person can read: `effect 1` is what `derivedId('effect', '1')` gives.
 */
import { expect } from 'vitest'
import type { EventOf, EventType } from '../../src/domain/events.ts'
import { type Instant, instant } from '../../src/domain/instant.ts'
import type { DerivedId, Output, ProcessManager } from '../../src/domain/processes/process-manager.ts'

/** When every input of a spec was recorded. */
export const NOW: Instant = instant('2026-11-21T10:00:00.000Z')

export const readableId: DerivedId = (...parts) => parts.join(' ')

export const specifyProcess = <State, InputType extends EventType>(process: ProcessManager<State, InputType>, instance: string) => ({
  given: (...history: readonly EventOf<InputType>[]) => ({
    when: (input: EventOf<InputType>) => {
      const { state, outputs } = outcomeOf(process, instance, history, input)
      return {
        /** The outputs, in order, and nothing else. */
        yields: (...expected: readonly Output[]) => expect(outputs).toStrictEqual(expected),
        /** The input means nothing in that state. */
        means: (nothing: 'nothing') => expect([nothing, outputs]).toStrictEqual(['nothing', undefined]),
        state,
        outputs: outputs ?? [],
      }
    },
  }),
})

function outcomeOf<State, InputType extends EventType>(
  process: ProcessManager<State, InputType>,
  instance: string,
  history: readonly EventOf<InputType>[],
  input: EventOf<InputType>,
): { state: State; outputs: readonly Output[] | undefined } {
  const before = history.reduce((state, event) => process.evolve(state, event, readableId), process.initialState)
  const state = process.evolve(before, input, readableId)
  if (state === before) return { state, outputs: undefined }
  return { state, outputs: process.react(state, input, { instance, now: NOW, derivedId: readableId }) }
}
