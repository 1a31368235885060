/** Several places to look in, as one. */
import type { ConfigScan } from '../ports/config-scan.ts'

export const allScans = (scans: readonly ConfigScan[]): ConfigScan => ({
  async scan(options) {
    const found = await Promise.all(scans.map((each) => each.scan(options)))
    return found.flat().sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  },
})
