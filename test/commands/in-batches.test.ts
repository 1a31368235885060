import { expect, test } from 'vitest'
import { inBatches } from '../../src/commands/in-batches.ts'
import { settled } from './support/hand-clock.ts'

/** A source that is filled by hand, and knows how far it was read. */
class Source implements AsyncIterable<number> {
  readonly #items: number[] = []
  #wake: (() => void) | undefined
  #ended = false
  pulled = 0
  closed = false

  push(...items: readonly number[]): void {
    this.#items.push(...items)
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) {
        const item = this.#items.shift()
        if (item === undefined) {
          if (this.#ended) return
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
          continue
        }
        this.pulled += 1
        yield item
      }
    } finally {
      this.closed = true
    }
  }
}

const nextOf = async (batches: AsyncIterator<readonly number[]>) => (await batches.next()).value

test('what has arrived makes one batch, up to its bound', async () => {
  const source = new Source()
  source.push(1, 2, 3, 4, 5)
  const batches = inBatches(source, 3)[Symbol.asyncIterator]()
  expect(await nextOf(batches)).toStrictEqual([1, 2, 3])
  expect(await nextOf(batches)).toStrictEqual([4, 5])
})

test('a batch waits for its first item only, and the next one begins with what came meanwhile', async () => {
  const source = new Source()
  const batches = inBatches(source, 10)[Symbol.asyncIterator]()
  const waiting = nextOf(batches)
  await settled()
  source.push(1)
  expect(await waiting).toStrictEqual([1])
  source.push(2, 3)
  await settled()
  expect(await nextOf(batches)).toStrictEqual([2, 3])
})

test('nothing is read ahead beyond the batch and one item', async () => {
  const source = new Source()
  source.push(...Array.from({ length: 100 }, (_, index) => index))
  const batches = inBatches(source, 5)[Symbol.asyncIterator]()
  await nextOf(batches)
  await settled()
  expect(source.pulled).toBeLessThanOrEqual(6)
})

test('nothing is lost and nothing changes places, however the items arrive', async () => {
  const source = new Source()
  const seen: number[] = []
  const reading = (async () => {
    for await (const batch of inBatches(source, 7)) {
      seen.push(...batch)
      if (batch.length % 2 === 0) await settled()
    }
  })()
  for (let next = 0; next < 500; ) {
    const count = (next * 7919) % 11
    source.push(...Array.from({ length: count + 1 }, (_, index) => next + index))
    next += count + 1
    if (next % 3 === 0) await settled()
  }
  await settled()
  source.end()
  await reading
  expect(seen).toStrictEqual(Array.from({ length: seen.length }, (_, index) => index))
  expect(seen.length).toBeGreaterThanOrEqual(500)
})

test('the end of the source ends the batches, and what came before it is still given', async () => {
  const source = new Source()
  source.push(1, 2)
  source.end()
  expect(await Array.fromAsync(inBatches(source, 10))).toStrictEqual([[1, 2]])
})

test('a source that fails is heard, and one that nobody reads on is closed', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1
    throw new Error('away')
  }
  await expect(Array.fromAsync(inBatches(failing(), 1))).rejects.toThrow('away')
  const source = new Source()
  source.push(1, 2, 3)
  for await (const _batch of inBatches(source, 1)) break
  expect(source.closed).toBe(true)
})
