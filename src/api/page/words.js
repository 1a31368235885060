/** Figures and times in the words of the command line: short, with their units, and a dash where there is nothing to tell. */
import { el } from './dom.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MIB = 1_048_576

export const NOTHING = '–'

/** @param {number} number @param {string} one */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`

/** @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (ms === null || ms === undefined) return NOTHING
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return `${ms < 10_000 ? (ms / 1_000).toFixed(1) : Math.round(ms / 1_000)} s`
}

/** @param {number | null | undefined} size */
export const bytes = (size) =>
  size === null || size === undefined
    ? NOTHING
    : size < 1_024 * MIB
      ? `${Math.round(size / MIB)} MiB`
      : `${(size / (1_024 * MIB)).toFixed(1)} GiB`

/** @param {number} part */
export const share = (part) => (part > 0 && part < 0.001 ? '<0.1 %' : `${(part * 100).toFixed(part < 0.0995 && part > 0 ? 1 : 0)} %`)

/** @param {number} ms */
export function duration(ms) {
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / DAY)} d`
}

/** @param {string} time */
function ago(time, nowMs = Date.now()) {
  const passedMs = nowMs - Date.parse(time)
  if (Math.abs(passedMs) < 1_000) return 'now'
  return passedMs < 0 ? `in ${duration(-passedMs)}` : `${duration(passedMs)} ago`
}

/**
 * How long ago, moving on by itself; the moment itself when pointed at.
 * @param {string | null} time
 */
export const since = (time) =>
  time === null ? NOTHING : el('time', { datetime: time, title: localTime(time), 'data-since': true }, ago(time))

/** @param {string} time */
export const localTime = (time) => new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** @param {string} time */
export const clock = (time) =>
  el('time', { datetime: time, title: localTime(time) }, new Date(time).toLocaleTimeString(undefined, { hour12: false }))

/** Moves all of them on. */
export function tick() {
  for (const element of document.querySelectorAll('time[data-since]')) {
    const text = ago(element.getAttribute('datetime') ?? '')
    if (element.textContent !== text) element.textContent = text
  }
}

/** Who acted: Steward or a part of it, or a key by the end of its id. @param {string} actor */
export const who = (actor) => (/^[0-9a-f-]{36}$/.test(actor) ? `key …${actor.slice(-6)}` : actor)

/** @param {unknown} value */
export const valueText = (value) =>
  value === null || value === undefined ? '(nothing)' : typeof value === 'string' ? value : JSON.stringify(value)

/** @param {Readonly<Record<string, unknown>>} facts */
export const factsText = (facts) =>
  Object.entries(facts)
    .map(([name, value]) => `${name}: ${valueText(value)}`)
    .join(', ')

/** The server that a stream is about; undefined: none. @param {string} stream */
export const serverIdOf = (stream) => /^server-([0-9a-f]{8}-[0-9a-f-]{27})$/.exec(stream)?.[1]

/** `ServerRestartScheduled`: server restart scheduled. @param {string} type */
export const spelled = (type) => type.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

/** How a word of state looks. Colour only repeats what the word says. @type {Readonly<Record<string, string>>} */
const tones = {
  ...{ running: 'good', healthy: 'good', enabled: 'good', resolved: 'good', info: 'plain' },
  ...{ error: 'bad', unhealthy: 'bad', critical: 'bad', quarantined: 'bad', undetermined: 'bad', escalated: 'bad' },
  ...{
    starting: 'warn',
    stopping: 'warn',
    maintenance: 'warn',
    degraded: 'warn',
    disabled: 'warn',
    warning: 'warn',
    'awaiting-approval': 'warn',
  },
}

/** @param {string} word */
export const chip = (word, tone = tones[word] ?? 'plain') => el('span', { class: `chip ${tone}` }, word)
