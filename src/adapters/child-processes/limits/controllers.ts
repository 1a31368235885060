/** The controllers of control groups that Steward uses, in either version, and the limits that each of them keeps. */
import type { ProcessLimits } from '../../../domain/server/config.ts'

export const CONTROLLERS = ['memory', 'pids', 'cpu'] as const
export type Controller = (typeof CONTROLLERS)[number]

export const KEPT_BY: Readonly<Record<Controller, keyof ProcessLimits>> = { memory: 'memoryBytes', pids: 'processes', cpu: 'cpuCores' }

const PERIOD_US = 100_000
/** Less is refused by the kernel. */
const LEAST_QUOTA_US = 1_000

/** So much time on a processor in each period, summed over all cores. */
export const cpuQuota = (cpuCores: number): Readonly<{ quotaUs: number; periodUs: number }> => ({
  quotaUs: Math.max(LEAST_QUOTA_US, Math.round(cpuCores * PERIOD_US)),
  periodUs: PERIOD_US,
})
