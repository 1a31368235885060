/**
 * How far read models and processes are behind, as figures. The log itself is asked for the first event that waits, so that a lag grows while nothing
 * moves, and a log that cannot be read leaves no figure instead of an old one.
 */
import { elapsedMs, instant } from './domain/instant.ts'
import type { Checkpoints } from './domain/ports/checkpoints.ts'
import type { Clock } from './domain/ports/clock.ts'
import type { EventStore, Position } from './domain/ports/event-store.ts'
import type { Figure, FigureSource } from './domain/ports/metrics.ts'
import type { StopFile } from './domain/ports/stop-file.ts'
import type { ReadModels } from './projections/read-models.ts'

export type LagFiguresOptions = Readonly<{
  store: Pick<EventStore, 'readAll'>
  clock: Clock
  checkpoints: Pick<Checkpoints, 'load'>
  processes: readonly Readonly<{ name: string; introducedFrom: 'start' | 'head'; inputs: readonly string[] }>[]
  readModels: Pick<ReadModels, 'status'>
  /** What each read model takes in; undefined: every event. */
  projections: readonly Readonly<{ name: string; eventTypes: ReadonlySet<string> | undefined }>[]
}>

type LagGauge = 'steward_process_lag_seconds' | 'steward_projection_lag_seconds'

export function createLagFigures(options: LagFiguresOptions): FigureSource<LagGauge> {
  const { store, clock, checkpoints, processes, readModels, projections } = options

  /** Age of the first event behind a position; 0 when there is none. */
  async function lagSeconds(after: Position | undefined, types: readonly string[] | undefined, signal: AbortSignal): Promise<number> {
    const what = types === undefined ? {} : { types }
    for await (const item of store.readAll({ ...(after === undefined ? {} : { after }), ...what, limit: 1, signal })) {
      if ('checkpoint' in item) continue
      return Math.max(0, elapsedMs(instant(item.recordedAt), clock.now()) / 1_000)
    }
    return 0
  }

  async function ofProcess(
    { name, introducedFrom, inputs }: LagFiguresOptions['processes'][number],
    signal: AbortSignal,
  ): Promise<Figure<LagGauge>[]> {
    const position = await checkpoints.load(name)
    // One that began at the head, and has handled nothing yet, stands at a place that only its own stream knows.
    if (position === undefined && introducedFrom === 'head') return []
    const value = await lagSeconds(position, inputs, signal)
    return [{ gauge: 'steward_process_lag_seconds', labels: { process: name }, value }]
  }

  async function ofProjection(
    { name, caughtUp, position }: ReturnType<ReadModels['status']>[number],
    signal: AbortSignal,
  ): Promise<Figure<LagGauge>[]> {
    const types = projections.find((projection) => projection.name === name)?.eventTypes
    const value = caughtUp ? 0 : await lagSeconds(position === 0n ? undefined : position, types && [...types], signal)
    return [{ gauge: 'steward_projection_lag_seconds', labels: { projection: name }, value }]
  }

  return {
    name: 'lag',
    gauges: ['steward_process_lag_seconds', 'steward_projection_lag_seconds'],
    async read(signal) {
      const all = [
        ...processes.map((process) => ofProcess(process, signal)),
        ...readModels.status().map((projection) => ofProjection(projection, signal)),
      ]
      return (await Promise.all(all)).flat()
    },
  }
}

/** The other way to stop healing: it works when nothing else answers, and so does this figure. */
export const createStopFileFigures = ({ stopFile }: { stopFile: StopFile }): FigureSource<'steward_healing_stopped'> => ({
  name: 'stop-file',
  gauges: ['steward_healing_stopped'],
  async read() {
    const value = (await stopFile.present()) === undefined ? 0 : 1
    return [{ gauge: 'steward_healing_stopped', labels: { by: 'file' }, value }]
  },
})
