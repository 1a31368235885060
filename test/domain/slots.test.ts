import { expect, test } from 'vitest'
import { createSlots } from '../../src/domain/slots.ts'

test('at most so many hold a slot; the others come in their order', async () => {
  const slots = createSlots(1)
  const first = await slots.take()
  const entered: number[] = []
  const waiting = [1, 2].map(async (n) => {
    const release = await slots.take()
    entered.push(n)
    release()
  })
  expect(slots.free()).toBe(0)
  first()
  await Promise.all(waiting)
  expect(entered).toStrictEqual([1, 2])
  expect(slots.free()).toBe(1)
})

test('giving back twice gives back once', async () => {
  const slots = createSlots(1)
  const release = await slots.take()
  release()
  release()
  expect(slots.free()).toBe(1)
})

test('a waiter that gives up does not keep the slot of the next one', async () => {
  const slots = createSlots(1)
  const held = await slots.take()
  const giveUp = new AbortController()
  const leaving = slots.take(giveUp.signal)
  const staying = slots.take()
  giveUp.abort(new Error('enough'))
  await expect(leaving).rejects.toThrow('enough')
  held()
  const release = await staying
  release()
  expect(slots.free()).toBe(1)
  await expect(slots.take(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
})
