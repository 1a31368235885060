/** Times for people: how long ago, how long it took, and the moment itself in the zone of whoever looks. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** '4 min ago', 'in 2 h': the largest unit alone, for that is what one wants to know. What is no time is shown as it came. */
export function ago(time: string | null, nowMs: number): string {
  if (time === null) return '-'
  const ms = Date.parse(time)
  if (Number.isNaN(ms)) return time
  const passed = nowMs - ms
  if (Math.abs(passed) < 1_000) return 'now'
  return passed < 0 ? `in ${rough(-passed)}` : `${rough(passed)} ago`
}

function rough(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / DAY)} d`
}

/** The two largest units at most: '1.2 s', '3 min 20 s', '2 d 4 h'. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '?'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.round(ms / 1_000)} s`
  if (ms < HOUR) return joined([Math.floor(ms / MINUTE), 'min'], [Math.floor((ms % MINUTE) / 1_000), 's'])
  if (ms < DAY) return joined([Math.floor(ms / HOUR), 'h'], [Math.floor((ms % HOUR) / MINUTE), 'min'])
  return joined([Math.floor(ms / DAY), 'd'], [Math.floor((ms % DAY) / HOUR), 'h'])
}

const joined = ([large, unit]: [number, string], [small, smaller]: [number, string]): string =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`

/** For a narrow column, at most six wide: '45s', '3m20s', '2h5m', '12d4h'. */
export function shortDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '?'
  if (ms < MINUTE) return `${Math.floor(Math.max(0, ms) / 1_000)}s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m${Math.floor((ms % MINUTE) / 1_000)}s`
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h${Math.floor((ms % HOUR) / MINUTE)}m`
  return ms < 100 * DAY ? `${Math.floor(ms / DAY)}d${Math.floor((ms % DAY) / HOUR)}h` : `${Math.floor(ms / DAY)}d`
}

/** '2026-11-21 10:30:00' here and now. */
export function localTime(time: string): string {
  const ms = Date.parse(time)
  if (Number.isNaN(ms)) return time
  const at = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** Moment and age: '2026-11-21 10:30:00 (4 min ago)'. */
export const moment = (time: string | null, nowMs: number): string =>
  time === null ? '-' : Number.isNaN(Date.parse(time)) ? time : `${localTime(time)} (${ago(time, nowMs)})`

/** Time since a beginning, as a timeline shows it: '+0.0 s', '+3 min 20 s'. */
export function since(beginning: string | undefined, time: string): string {
  const ms = Date.parse(time) - Date.parse(beginning ?? '')
  return Number.isNaN(ms) ? time : `+${ms < 1_000 ? `${(Math.max(0, ms) / 1_000).toFixed(1)} s` : duration(ms)}`
}
