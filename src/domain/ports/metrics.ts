/** Figures for Prometheus. Names and labels are declared in one table of the adapter; an undeclared name does not type-check. */
export interface Metrics<Name extends string = string> {
  count(name: Name, labels?: Labels, by?: number): void
  observe(name: Name, value: number, labels?: Labels): void
  set(name: Name, value: number, labels?: Labels): void
}

export type Labels = Readonly<Record<string, string>>

/** Figures that are read when somebody asks how things stand, not recorded when something happens. */
export type FigureSource<Gauge extends string = string> = Readonly<{
  name: string
  /** The gauges that it speaks for, and the counters that it keeps itself. What it does not answer with is absent: unknown is not 0. */
  gauges: readonly Gauge[]
  /** The signal aborts when nobody waits for the answer any more. */
  read: (signal: AbortSignal) => Promise<readonly Figure<Gauge>[]>
}>

export type Figure<Gauge extends string = string> = Readonly<{ gauge: Gauge; value: number; labels?: Labels }>
