/** The order in which the fleet ends: a call that ends because Steward stops is a record like any other, and no crash of its server. */
import { expect, test } from 'vitest'
import { beginFleetLife } from '../src/service-fleet-life.ts'

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

function open({ close = async () => undefined }: { close?: () => Promise<void> } = {}) {
  const seen: string[] = []
  const waiting: string[] = []
  const written: string[] = []
  const inTurn = async (what: string, then: () => void = () => undefined): Promise<void> => {
    seen.push(`${what} begins`)
    await new Promise((resolve) => setImmediate(resolve))
    then()
    seen.push(`${what} done`)
  }
  const life = beginFleetLife({
    fleet: {
      gateway: { close: () => inTurn('gateway', () => waiting.push('the last call')) },
      async run(signal) {
        await aborted(signal)
        await inTurn('servers', () => waiting.push('a call that its server took with it'))
      },
      async close() {
        await inTurn('programs')
        await close()
      },
    },
    usage: {
      async run({ signal }) {
        await aborted(signal)
        written.push(...waiting)
        await inTurn('records')
      },
    },
    samples: { run: aborted },
    drain: new AbortController().signal,
  })
  return { life, seen, written }
}

test('callers leave first, then servers end, and last is written what the last calls were', async () => {
  const { life, seen, written } = open()
  await life.stop()
  expect(seen).toEqual(['gateway', 'servers', 'programs', 'records'].flatMap((part) => [`${part} begins`, `${part} done`]))
  expect(written).toEqual(['the last call', 'a call that its server took with it'])
})

test('a program that cannot be ended keeps nothing from being recorded', async () => {
  const { life, written } = open({ close: () => Promise.reject(new Error('something of it still runs')) })
  await expect(life.stop()).rejects.toThrow('something of it still runs')
  expect(written).toHaveLength(2)
})
