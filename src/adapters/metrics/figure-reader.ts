/**
 * Reads a source of figures for one page of metrics, and waits no longer than a scraper would. A source that hangs is asked once and not again until it
 * has answered, so that impatient scrapers do not use up what it hangs on.
 */
import type { Figure, FigureSource } from '../../domain/ports/metrics.ts'

/** Rejects when the source does, or when it does not answer in time. */
export type ReadFigures = () => Promise<readonly Figure[]>

export function createFigureReader(source: FigureSource, { timeoutMs }: { timeoutMs: number }): ReadFigures {
  let reading: Promise<readonly Figure[]> | undefined
  let impatience = new AbortController()

  const begin = (): Promise<readonly Figure[]> => {
    impatience = new AbortController()
    const begun = source.read(impatience.signal).finally(() => {
      reading = undefined
    })
    begun.catch(() => undefined)
    return begun
  }

  return async () => {
    reading ??= begin()
    const asked = impatience
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const error = new FiguresLate({ source: source.name, timeoutMs })
      late.reject(error)
      asked.abort(error)
    }, timeoutMs)
    try {
      return await Promise.race([reading, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

export class FiguresLate extends Error {
  override readonly name = 'FiguresLate'
  constructor({ source, timeoutMs }: { source: string; timeoutMs: number }) {
    super(`no figures of ${source} within ${timeoutMs} ms`)
  }
}
