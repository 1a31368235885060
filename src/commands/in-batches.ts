/** Groups a pulled sequence into what has arrived by the time the consumer asks again, so that one transaction can serve many events. */
export async function* inBatches<Item>(source: AsyncIterable<Item>, maxItems: number): AsyncIterable<readonly Item[]> {
  const iterator = source[Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<Item>> | undefined
  try {
    for (;;) {
      pending ??= iterator.next()
      const first = await pending
      pending = undefined
      if (first.done) return
      const batch = [first.value]
      while (batch.length < maxItems) {
        pending = iterator.next()
        const next = await Promise.race([pending, nothingMore()])
        if (next === NOTHING) break
        pending = undefined
        if (next.done) {
          yield batch
          return
        }
        batch.push(next.value)
      }
      yield batch
    }
  } finally {
    // The read in flight is ended by the signal that its owner aborts; its rejection belongs to nobody any more.
    pending?.catch(() => undefined)
    await iterator.return?.()
  }
}

const NOTHING = Symbol('nothing more')

/** Loses against anything that is ready, wins against everything that has to wait. */
async function nothingMore(): Promise<typeof NOTHING> {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve()
  return NOTHING
}
