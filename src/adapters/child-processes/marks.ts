/**
 * Looks for the processes that carry our mark. However many ask at the same time, one look at the table answers all who asked before it began:
 * stopping a hundred programs costs as much as stopping one.
 */
import type { Mark } from './mark.ts'
import { hasProcessTable, type Look, lookForMarks } from './process-table.ts'

export type Marks = Readonly<{
  /** A look that begins after the call. */
  look(): Promise<Look>
}>

/** `stamps`: looks at the limits as well, where nothing better holds the programs together. */
export function createMarks(mark: Mark, { stamps }: { stamps: boolean }): Marks {
  let running: Promise<Look> | undefined
  let next: Promise<Look> | undefined

  function begin(): Promise<Look> {
    const look = lookForMarks(mark, { stamps }).finally(() => {
      if (running === look) running = undefined
    })
    running = look
    return look
  }

  return {
    look() {
      if (!hasProcessTable) return Promise.resolve({ marked: [], unsure: 0 })
      if (running === undefined) return begin()
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined
          return begin()
        })
      return next
    },
  }
}
