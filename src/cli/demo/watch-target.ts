/** Registers a service of the demo's host with Steward, and waits until its good state is recorded: without that, nothing could be put back. */
import type { Accepted, StewardApi, Target } from './steward-api.ts'
import { until } from './waiting.ts'

export async function watchTarget(api: StewardApi, registration: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Target> {
  const { id, position } = await api.post<Accepted>('/api/v1/targets', registration)
  return until(
    `the baseline of ${String(registration['name'])}`,
    async () => {
      const target = await api.get<Target>(`/api/v1/targets/${id}`, { min_position: position })
      return target.baselineAt !== null && target.visibility === 'visible' ? target : undefined
    },
    { signal },
  )
}
