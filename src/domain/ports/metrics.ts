/** Figures for Prometheus. Names and labels are declared in one table of the adapter; an undeclared name does not type-check. */
export interface Metrics<Name extends string = string> {
  count(name: Name, labels?: Labels, by?: number): void
  observe(name: Name, value: number, labels?: Labels): void
  set(name: Name, value: number, labels?: Labels): void
}

export type Labels = Readonly<Record<string, string>>
