import type { Position } from './event-store.ts'

/** How far each process manager has come. An optimisation: what was handled is known by the fold of the process streams. */
export interface Checkpoints {
  load(name: string): Promise<Position | undefined>
  /**
   * Runs `work` while this instance alone owns the checkpoint, and moves it to the position that `work` returns, in one transaction.
   * `busy`: another instance owns it. `moved`: it is no longer at `from`; nothing was run.
   */
  claim(name: string, from: Position | undefined, work: () => Promise<Position>): Promise<'done' | 'busy' | 'moved'>
}
