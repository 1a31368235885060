/**
 * The figures of one process, over prom-client; the only file that imports it. A figure that does not fit its declaration is dropped and
 * counted: measuring never breaks the work that it measures, and no label can grow without bound. What nobody could read is absent, never 0.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Figure, FigureSource, Labels, Metrics } from '../../domain/ports/metrics.ts'
import { createFigureReader, type ReadFigures } from './figure-reader.ts'
import { isMetricName, type MetricDeclaration, type MetricName, metricTable } from './metric-table.ts'

export interface PrometheusMetrics extends Metrics<MetricName>, Disposable {
  /** From now on these figures are read anew for each page. One source per name. */
  readFrom(source: FigureSource<MetricName>): void
  /** The text exposition format, version 0.0.4. */
  render(): Promise<string>
  readonly contentType: string
}

export type MetricsOptions = Readonly<{
  version: string
  /** Label sets that a metric may have whose declaration says nothing; what would be one more is dropped. Default 1000. */
  maxSeriesPerMetric?: number
  /** How long a page waits for what has to be read. Default 2000: well below the 10 s of a scraper. */
  sourceTimeoutMs?: number
  /** Told when the gauges of a source cannot be read, once until they can again. */
  onUnreadable?: (source: string, error: unknown) => void
}>

type Source = Readonly<{ name: string; gauges: readonly string[]; read: ReadFigures }>

export function createMetrics(options: MetricsOptions): PrometheusMetrics {
  const { version, maxSeriesPerMetric = 1_000, sourceTimeoutMs = 2_000, onUnreadable } = options
  const registry = new Registry()
  const instruments = new Map(
    Object.entries<MetricDeclaration>(metricTable).map(([name, declaration]) => [name, openWithAlias(name, declaration, registry)]),
  )
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()

  const admit = (name: string, kind: Kind, value: number, labels: Labels): Instrument | undefined => {
    const instrument = instruments.get(name)
    const reason = instrument === undefined ? 'undeclared' : misfit(instrument, kind, value, labels, maxSeriesPerMetric)
    if (reason === undefined) return instrument
    instruments.get('steward_metric_samples_dropped_total')?.write({ reason }, 1)
    return undefined
  }
  const metrics: Metrics<MetricName> = {
    count: (name, labels = {}, by = 1) => admit(name, 'counter', by, labels)?.write(labels, by),
    observe: (name, value, labels = {}) => admit(name, 'histogram', value, labels)?.write(labels, value),
    set: (name, value, labels = {}) => admit(name, 'gauge', value, labels)?.write(labels, value),
  }
  const sources: Source[] = []
  const unreadable = new Set<string>()

  async function readSources(): Promise<void> {
    const read = await Promise.all(
      sources.map(async ({ name, read }): Promise<readonly Figure[]> => {
        try {
          const figures = await read()
          unreadable.delete(name)
          return figures
        } catch (error) {
          if (!unreadable.has(name)) onUnreadable?.(name, error)
          unreadable.add(name)
          return []
        }
      }),
    )
    // All at once, behind the last wait: a page never shows half of it.
    for (const gauge of sources.flatMap(({ gauges }) => gauges)) instruments.get(gauge)?.clear()
    for (const { gauge, value, labels = {} } of read.flat()) {
      // A counter that somebody else keeps begins at 0 here and is raised to where it stands.
      const kind = instruments.get(gauge)?.declaration.type === 'counter' ? 'counter' : 'gauge'
      admit(gauge, kind, value, labels)?.write(labels, value)
    }
    for (const { name } of sources) metrics.set('steward_figures_readable', unreadable.has(name) ? 0 : 1, { source: name })
  }

  metrics.set('steward_build_info', 1, { version })
  metrics.set('process_start_time_seconds', Date.now() / 1_000 - process.uptime())
  const readCpuSeconds = cpuSeconds()

  return {
    ...metrics,
    readFrom(source) {
      sources.push({ name: source.name, gauges: source.gauges, read: createFigureReader(source, { timeoutMs: sourceTimeoutMs }) })
    },
    contentType: registry.contentType,
    async render() {
      await readSources()
      for (const [statistic, percentile] of LAG_STATISTICS) {
        // An idle histogram says NaN or a sentinel; the lag of a loop that was not late is 0.
        const lagNs = delay.count === 0 ? 0 : delay.percentile(percentile)
        metrics.set('steward_event_loop_lag_seconds', lagNs / 1e9, { statistic })
      }
      delay.reset()
      metrics.set('process_resident_memory_bytes', process.memoryUsage.rss())
      metrics.set('steward_heap_used_bytes', process.memoryUsage().heapUsed)
      metrics.count('process_cpu_seconds_total', {}, readCpuSeconds())
      return registry.metrics()
    },
    [Symbol.dispose]() {
      delay.disable()
      registry.clear()
    },
  }
}

const LAG_STATISTICS = [
  ['median', 50],
  ['p99', 99],
  ['max', 100],
] as const

type Kind = MetricDeclaration['type']
type Instrument = Readonly<{
  declaration: MetricDeclaration
  series: Set<string>
  write: (labels: Labels, value: number) => void
  /** Takes all series away. */
  clear: () => void
}>

function openWithAlias(name: string, declaration: MetricDeclaration, registry: Registry): Instrument {
  if (!isMetricName(name)) throw new TypeError(`undeclared metric ${name}`)
  const own = open(name, declaration, registry)
  const { documents } = declaration
  if (documents === undefined) return own
  const { labels, where = {} } = documents
  const words = Object.entries(labels)
  const { startsWith: _, ...alike } = declaration
  const alias = open(documents.name, { ...alike, help: `The same as ${name}.`, labels: Object.values(labels) }, registry)
  return {
    ...own,
    write(given, value) {
      own.write(given, value)
      if (!Object.entries(where).every(([label, wanted]) => given[label] === wanted)) return
      alias.write(Object.fromEntries(words.map(([label, word]) => [word, given[label] ?? ''])), value)
    },
    clear() {
      own.clear()
      alias.clear()
    },
  }
}

function open(name: string, declaration: MetricDeclaration, registry: Registry): Instrument {
  const { help, labels } = declaration
  const settings = { name, help, labelNames: [...labels], registers: [registry] }
  const series = new Set<string>()
  switch (declaration.type) {
    case 'counter': {
      const counter = new Counter(settings)
      for (const given of declaration.startsWith ?? []) {
        series.add(seriesOf(declaration, given))
        counter.inc({ ...given }, 0)
      }
      const clear = (): void => {
        series.clear()
        counter.reset()
      }
      return { declaration, series, write: (given, value) => counter.inc({ ...given }, value), clear }
    }
    case 'gauge': {
      const gauge = new Gauge(settings)
      const clear = (): void => {
        series.clear()
        gauge.reset()
        // prom-client begins a gauge without labels with a 0 that nobody has seen.
        if (labels.length === 0) gauge.remove()
      }
      clear()
      return { declaration, series, write: (given, value) => gauge.set({ ...given }, value), clear }
    }
    case 'histogram': {
      const histogram = new Histogram(declaration.buckets === undefined ? settings : { ...settings, buckets: [...declaration.buckets] })
      return { declaration, series, write: (given, value) => histogram.observe({ ...given }, value), clear: () => histogram.reset() }
    }
  }
}

/** Why a figure cannot be recorded. prom-client would throw for these, or write what Prometheus cannot read. */
function misfit({ declaration, series }: Instrument, kind: Kind, value: number, labels: Labels, maxSeries: number): string | undefined {
  if (declaration.type !== kind) return 'wrong-kind'
  if (!Number.isFinite(value) || (kind === 'counter' && value < 0)) return 'not-a-figure'
  const given = Object.keys(labels)
  if (given.length !== declaration.labels.length || !declaration.labels.every((label) => Object.hasOwn(labels, label)))
    return 'wrong-labels'
  const key = seriesOf(declaration, labels)
  if (series.has(key)) return undefined
  if (series.size >= (declaration.maxSeries ?? maxSeries)) return 'too-many-series'
  series.add(key)
  return undefined
}

const seriesOf = ({ labels }: MetricDeclaration, given: Labels): string => JSON.stringify(labels.map((label) => given[label]))

/** CPU seconds since the last call; since the start of the process on the first. */
function cpuSeconds(): () => number {
  let spentUs = 0
  return () => {
    const { user, system } = process.cpuUsage()
    const sinceUs = user + system - spentUs
    spentUs = user + system
    return sinceUs / 1e6
  }
}
