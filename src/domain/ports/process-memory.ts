/** How much memory programs take, as the machine tells it. */
export interface ProcessMemory {
  /**
   * Resident bytes of all processes of each of these groups together; pages that several share count once for each. A group of which nothing can be
   * told is absent.
   */
  ofGroups(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>>
}
