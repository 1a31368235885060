/**
 * The figures of one process, over prom-client; the only file that imports it. A figure that does not fit its declaration is dropped and
 * counted: measuring never breaks the work that it measures, and no label can grow without bound.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Labels, Metrics } from '../../domain/ports/metrics.ts'
import { isMetricName, type MetricDeclaration, type MetricName, metricTable } from './metric-table.ts'

export interface PrometheusMetrics extends Metrics<MetricName>, Disposable {
  /** The text exposition format, version 0.0.4. */
  render(): Promise<string>
  readonly contentType: string
}

export type MetricsOptions = Readonly<{
  version: string
  /** Label sets that one metric may have; what would be one more is dropped. Default 1000. */
  maxSeriesPerMetric?: number
}>

export function createMetrics({ version, maxSeriesPerMetric = 1_000 }: MetricsOptions): PrometheusMetrics {
  const registry = new Registry()
  const instruments = new Map(
    Object.entries<MetricDeclaration>(metricTable).map(([name, declaration]) => [name, open(name, declaration, registry)]),
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
  metrics.set('steward_build_info', 1, { version })
  metrics.set('process_start_time_seconds', Date.now() / 1_000 - process.uptime())
  const readCpuSeconds = cpuSeconds()

  return {
    ...metrics,
    contentType: registry.contentType,
    async render() {
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
type Instrument = Readonly<{ declaration: MetricDeclaration; series: Set<string>; write: (labels: Labels, value: number) => void }>

function open(name: string, declaration: MetricDeclaration, registry: Registry): Instrument {
  if (!isMetricName(name)) throw new TypeError(`undeclared metric ${name}`)
  const { help, labels } = declaration
  const settings = { name, help, labelNames: [...labels], registers: [registry] }
  const series = new Set<string>()
  switch (declaration.type) {
    case 'counter': {
      const counter = new Counter(settings)
      return { declaration, series, write: (given, value) => counter.inc({ ...given }, value) }
    }
    case 'gauge': {
      const gauge = new Gauge(settings)
      return { declaration, series, write: (given, value) => gauge.set({ ...given }, value) }
    }
    case 'histogram': {
      const histogram = new Histogram(declaration.buckets === undefined ? settings : { ...settings, buckets: [...declaration.buckets] })
      return { declaration, series, write: (given, value) => histogram.observe({ ...given }, value) }
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
  const key = JSON.stringify(declaration.labels.map((label) => labels[label]))
  if (series.has(key)) return undefined
  if (series.size >= maxSeries) return 'too-many-series'
  series.add(key)
  return undefined
}

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
