/** What a person should look at: what is wrong now, the worst first, and what has gone wrong, the newest first. */
import { el, list, outside, redraw } from './dom.js'
import { chip, count, serverIdOf, since } from './words.js'

/** Types of events that tell of trouble. */
export const alarmingEvents = ['ServerFailed', 'ServerDisabled', 'ServerRestartBudgetExhausted', 'ServerAlertRaised', 'ToolQuarantined']

/** @typedef {import('./shapes.d.ts').Server} Server */
/** @typedef {import('./shapes.d.ts').StewardEvent} StewardEvent */
/** @typedef {{ key: string, severity: string, serverId: string, server: string, says: string, at: string | null, times: number }} Alert */

/** @param {ReadonlyMap<string, readonly import('./trouble.js').Trouble[]>} troubles @param {readonly Server[]} servers */
export function alertsNow(troubles, servers) {
  const rank = ['critical', 'error', 'warning']
  /** @type {Alert[]} */
  const alerts = []
  for (const { id, name } of servers) {
    for (const { severity, says, since: at } of troubles.get(id) ?? []) {
      alerts.push({ key: `${id} ${severity} ${says}`, severity, serverId: id, server: name, says, at, times: 1 })
    }
  }
  return alerts.toSorted((a, b) => rank.indexOf(a.severity) - rank.indexOf(b.severity) || (b.at ?? '').localeCompare(a.at ?? ''))
}

/** @param {readonly StewardEvent[]} events newest first @param {readonly Server[]} servers */
export function alertsBefore(events, servers) {
  const byId = new Map(servers.map((server) => [server.id, server]))
  /** @type {Alert[]} */
  const alerts = []
  for (const event of events) {
    const server = byId.get(serverIdOf(event.stream) ?? '')
    const told = alertOf(event)
    if (server === undefined || told === undefined || standsIn(server, event)) continue
    const before = alerts.findLast((alert) => alert.serverId === server.id)
    // A crash loop tells the same again and again.
    if (before?.says === told.says) before.times += 1
    else alerts.push({ key: event.id, ...told, serverId: server.id, server: server.name, at: event.recordedAt, times: 1 })
  }
  return alerts
}

/** What a server stands in now is told above. @param {Server} server @param {StewardEvent} event */
const standsIn = ({ failure, alerts }, { data: { at, alert } }) =>
  at === failure?.at || alerts.some((each) => each.alert === alert && each.since === at)

/** @param {StewardEvent} event */
function alertOf({ type, data }) {
  switch (type) {
    case 'ServerFailed':
      return { severity: 'error', says: `${textOf(data['reason'])}: ${textOf(data['says'])}` }
    case 'ServerDisabled':
      return data['because'] === 'failures' ? { severity: 'critical', says: 'disabled, it failed too often' } : undefined
    case 'ServerRestartBudgetExhausted':
      return { severity: 'critical', says: `not restarted after ${textOf(data['crashes'])} crashes` }
    case 'ServerAlertRaised': {
      const says = thresholdWords[String(data['alert'])]?.(Number(data['value']))
      return says === undefined ? undefined : { severity: 'warning', says }
    }
    case 'ToolQuarantined':
      return { severity: 'warning', says: `tool ${textOf(data['tool'])} is ${textOf(data['reason'])} and waits` }
    default:
      return undefined
  }
}

/** @type {Readonly<Record<string, (value: number) => string>>} */
const thresholdWords = {
  errorRate: (value) => `${Math.round(value * 1_000) / 10} % of its calls failed`,
  p95Ms: (value) => `5 % of its calls took longer than ${Math.round(value)} ms`,
  memoryBytes: (value) => `it used ${Math.round(value / MIB)} MiB`,
}
const MIB = 1_048_576

/** An event shows what it recorded: words, numbers, and protected text as `{ text }`. @param {unknown} value @returns {string} */
export function textOf(value) {
  if (typeof value === 'object' && value !== null && 'text' in value) return textOf(value.text)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** @param {Element} parent @param {readonly Alert[]} alerts */
export const drawAlerts = (parent, alerts) =>
  list(parent, alerts, {
    key: ({ key }) => key,
    make: () => el('li'),
    draw: (alert, item) =>
      redraw(item, alert, () => [
        el('span', {}, chip(alert.severity)),
        el('a', { href: `#/servers/${alert.serverId}` }, outside(alert.server)),
        el('span', { class: 'says' }, alert.times > 1 && `${count(alert.times, 'time')}: `, outside(alert.says)),
        alert.at !== null && el('span', { class: 'when' }, since(alert.at)),
      ]),
  })
