/** What managed servers have where their registration says nothing, and how the fleet is run. */
import { z } from 'zod'
import { DURATION_RULE, parseDuration } from './duration.ts'
import { flag, notEmpty, text } from './fields.ts'

const MIB = 1_048_576
const MEMORY_RULE = 'must be a size with its unit, such as 512M or 2G'
const CORES_RULE = 'must be a share of a core, such as 80%, or a number of cores, such as 1.5'

function time(leastMs: number, mostMs: number, rule: string) {
  return text(DURATION_RULE, parseDuration).refine((ms) => ms >= leastMs && ms <= mostMs, rule)
}

function wholeNumber(most: number) {
  const rule = `must be a whole number from 1 to ${most}`
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,6}$/, rule)
          .transform(Number),
      ],
      rule,
    )
    .refine((count) => Number.isInteger(count) && count >= 1 && count <= most, rule)
}

/** YAML reads a size without a unit as a number. */
function size<Value>(rule: string, parse: (value: string) => Value | undefined) {
  return z.union([z.number(), z.string()], rule).transform(String).pipe(text(rule, parse))
}

const MEMORY_UNITS: Readonly<Record<string, number>> = { k: 1_024, m: MIB, g: 1_024 * MIB, t: 1_024 * 1_024 * MIB }

/** `512M`, `512MiB`, `1.5G`, or bytes: units of 1024, as systemd and cgroups count. */
function parseMemory(value: string): number | undefined {
  const [, amount, unit] = /^(\d{1,15}(?:\.\d{1,3})?)\s*(?:([kmgt])i?b?)?$/i.exec(value) ?? []
  if (amount === undefined) return undefined
  return Math.round(Number(amount) * (MEMORY_UNITS[unit?.toLowerCase() ?? ''] ?? 1))
}

function parseCores(value: string): number | undefined {
  const [, amount, percent] = /^(\d{1,6}(?:\.\d{1,3})?)\s*(%?)$/.exec(value) ?? []
  return amount === undefined ? undefined : Number(amount) / (percent === '%' ? 100 : 1)
}

export const serverSettings = z.strictObject({
  startAtOnce: wholeNumber(256),
  startTimeout: time(1_000, 600_000, 'must be between 1s and 10m'),
  stopGrace: time(0, 120_000, 'must be between 0s and 2m'),
  healthEvery: time(1_000, 86_400_000, 'must be between 1s and 1d'),
  autoRestart: flag(),
  memory: size(MEMORY_RULE, parseMemory)
    .refine((bytes) => bytes >= 16 * MIB && bytes <= 2 ** 43, 'must be between 16M and 8T')
    .optional(),
  cpu: size(CORES_RULE, parseCores)
    .refine((cores) => cores >= 0.05 && cores <= 1_024, 'must be between 5% and 1024 cores')
    .optional(),
  breakerFailures: wholeNumber(1_000),
  breakerOpen: time(1_000, 3_600_000, 'must be between 1s and 1h'),
  logDir: text('must be the path of a directory', notEmpty).optional(),
})
