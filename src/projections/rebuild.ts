/**
 * Builds a read model anew beside the live one and puts it in place. Reads never fail, and never go back: before the swap the live one is
 * held for a moment, so that the new one can draw level however fast the log grows.
 */
import { type BuildOptions, catchUp } from './build-aside.ts'
import { beginBuild, dropBuild, indexBuild, swapIn } from './builds.ts'
import { holdLive, liveCheckpoint, releaseLive } from './checkpoints.ts'

export type RebuildOptions = Omit<BuildOptions, 'build' | 'until'>
export type Rebuilt = Readonly<{ projection: string; version: number; build: number; events: number; position: string; durationMs: number }>

const HOLD_MS = 3_000

/** @throws BuildPoisoned nothing has changed. */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const { database, model, clock } = options
  const startedAt = Date.parse(clock.now())
  const { build } = await beginBuild(database, model)
  const building: BuildOptions = { ...options, build }
  try {
    const first = await catchUp(building)
    let events = first?.events ?? 0
    let position = first?.checkpoint.position ?? 0n
    if (first) await indexBuild(database, model, build)
    for (let isDone = !first; !isDone; ) {
      // What came while the indexes were made; then, with the live one held, the rest.
      for (const hold of [false, true]) {
        if (hold) await holdLive(database, model.name, HOLD_MS)
        const rest = await catchUp(building)
        events += rest?.events ?? 0
        position = rest?.checkpoint.position ?? position
      }
      isDone = (await swapIn(database, model, build, clock)) !== 'behind'
    }
    const live = await liveCheckpoint(database, model.name)
    if (!live || live.build < build) throw new BuildLost({ projection: model.name, build })
    const durationMs = Date.parse(clock.now()) - startedAt
    return { projection: model.name, version: model.version, build, events, position: position.toString(), durationMs }
  } catch (error) {
    // A build that was only interrupted goes on where it is, when the next rebuild of this version joins it.
    if (!options.signal.aborted) {
      await releaseLive(database, model.name)
      await dropBuild(database, model, build)
    }
    throw error
  }
}

/** Another instance worked on the same build, failed, and dropped it. */
export class BuildLost extends Error {
  override readonly name = 'BuildLost'
  readonly projection: string
  constructor(facts: { projection: string; build: number }) {
    super(`build ${facts.build} of ${facts.projection} was dropped by another instance`)
    this.projection = facts.projection
  }
}
