/** Seeded random numbers: mulberry32. The same seed, the same history. */
export type Random = Readonly<{
  /** 0 <= x < 1 */
  next: () => number
  chance: (probability: number) => boolean
  below: (limit: number) => number
}>

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return { next, chance: (probability) => next() < probability, below: (limit) => Math.floor(next() * limit) }
}
