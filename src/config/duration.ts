/** Lengths of time as a person writes them: `500ms`, `10s`, `5m`, `2h`, `1d`. A bare number says no unit, so it says nothing. */
export const DURATION_RULE = 'must be a length of time with its unit, such as 500ms, 10s, 5m or 2h'

export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  const unitMs = unit === undefined ? undefined : UNITS_MS.get(unit)
  return unitMs === undefined ? undefined : Math.round(Number(amount) * unitMs)
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
