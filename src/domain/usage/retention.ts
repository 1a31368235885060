/** How long figures and single calls are kept beside the log. The log itself keeps everything. */
import { DAY_MS } from './windows.ts'

export type Retention = Readonly<{ usageMs: number }>

/** As long as the longest period that can be asked for. */
export const usualRetention: Retention = { usageMs: 90 * DAY_MS }
