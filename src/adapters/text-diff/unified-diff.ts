/** Unified differences as people know them, by the `diff` package. */
import { createPatch } from 'diff'
import type { TextDiff } from '../../domain/ports/text-diff.ts'

/** Unchanged lines shown around a change. */
const CONTEXT_LINES = 3

export const createTextDiff = (): TextDiff => ({
  unified: (path, before, after) => (before === after ? '' : createPatch(path, before, after, '', '', { context: CONTEXT_LINES })),
})
