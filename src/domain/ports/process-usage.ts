/** What programs take of the machine, as the machine tells it. */
export interface ProcessUsage {
  /** Of all processes of each of these groups together. A group of which nothing can be told is absent. */
  ofGroups(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, GroupUsage>>
}

export type GroupUsage = Readonly<{
  /** Resident; pages that several share count once for each. */
  memoryBytes: number
  /** Processor time since they began, of children that have ended and were waited for included. Less than before when one ended unseen. */
  cpuSeconds: number
}>
