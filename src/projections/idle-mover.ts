/**
 * Most events concern few read models, and yet each must say that it has seen them all. Checkpoints of those that have nothing to fold move
 * together: whatever comes in while one statement runs goes into the next.
 */
import { type Move, moveIdle } from './checkpoints.ts'
import type { Database } from './database.ts'

/** False: the checkpoint was busy, or elsewhere; look again. */
export type IdleMover = (move: Move) => Promise<boolean>

export function createIdleMover(database: Database): IdleMover {
  let waiting: { move: Move; done: (moved: boolean) => void; fail: (error: unknown) => void }[] = []
  let isRunning = false

  async function run(): Promise<void> {
    // All projections wake in the same turn; a moment later they have all asked.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const moved = await moveIdle(
          database,
          batch.map(({ move }) => move),
        )
        for (const { move, done } of batch) done(moved.has(move.name))
      } catch (error) {
        for (const { fail } of batch) fail(error)
      }
    }
    isRunning = false
  }

  return (move) =>
    new Promise((done, fail) => {
      waiting.push({ move, done, fail })
      if (isRunning) return
      isRunning = true
      void run()
    })
}
