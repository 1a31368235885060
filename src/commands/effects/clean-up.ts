/** Drops what is past its time wherever rows are kept for a time only, one place after the other. One that fails fails the whole, and all is asked for again. */
import type { ExpiringRows } from '../../domain/ports/expiring-rows.ts'
import type { EffectHandler } from '../effect-runner.ts'

export const createCleanUp =
  ({ expiring }: { expiring: readonly ExpiringRows[] }): EffectHandler<'clean-up'> =>
  async ({ asOf }, { signal }) => {
    const rows: Record<string, number> = {}
    for (const place of expiring) Object.assign(rows, await place.dropExpired(asOf, signal))
    return { kind: 'dropped', rows }
  }
