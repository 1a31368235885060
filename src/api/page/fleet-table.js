/** The table of all servers: what its columns are, and how a row is drawn. */
import { el, outside, redraw } from './dom.js'
import { bytes, chip, milliseconds, NOTHING, share, since } from './words.js'

/** @typedef {import('./shapes.d.ts').Server} Server */
/** @typedef {import('./trouble.js').Usage} Usage */
/** @typedef {Readonly<{ server: Server, usage: Usage, memory: number | null }>} Facts */

/** @type {readonly { head: string, number?: boolean, cell: (facts: Facts) => import('./dom.js').Child }[]} */
export const columns = [
  {
    head: 'Server',
    cell: ({ server: { id, name, displayName, transport } }) => [
      el('a', { class: 'name', href: `#/servers/${id}` }, outside(name)),
      el('small', {}, displayName === name ? transport : [outside(displayName), `, ${transport}`]),
    ],
  },
  { head: 'Wanted', cell: ({ server }) => wanted(server) },
  { head: 'State', cell: ({ server: { state, stateSince } }) => [chip(state), el('small', {}, since(stateSince))] },
  { head: 'Health', cell: ({ server: { state, health } }) => (state === 'running' || health !== 'unknown' ? chip(health) : NOTHING) },
  {
    head: 'Tools',
    number: true,
    cell: ({ server: { tools } }) => [
      `${tools.enabled} of ${tools.offered}`,
      tools.quarantined > 0 && el('small', { class: 'warn' }, `${tools.quarantined} wait`),
    ],
  },
  { head: 'Calls', number: true, cell: ({ usage: { calls } }) => String(calls) },
  {
    head: 'Errors',
    number: true,
    cell: ({ usage: { calls, errors } }) =>
      calls === 0 ? NOTHING : el('span', { class: errors / calls > 0.1 ? 'bad' : null }, share(errors / calls)),
  },
  {
    head: 'P95',
    number: true,
    cell: ({ usage: { p95Ms } }) => el('span', { class: (p95Ms ?? 0) > 1_000 ? 'bad' : null }, milliseconds(p95Ms)),
  },
  { head: 'Memory', number: true, cell: ({ server: { state }, memory }) => (state === 'running' ? bytes(memory) : NOTHING) },
  {
    head: 'Restarts',
    number: true,
    cell: ({ server: { starts, crashes, config } }) =>
      el('span', { class: crashes === 0 ? null : crashes >= config.restartBudget ? 'bad' : 'warn' }, String(Math.max(0, starts - 1))),
  },
]

export const makeRow = () =>
  el('tr', {}, ...columns.map(({ head, number }) => el('td', { 'data-label': head, class: number ? 'number' : null })))

/** @param {Element} row @param {Facts} facts */
export function drawRow(row, facts) {
  const { server, usage, memory } = facts
  const { name, displayName, enabled, desired, state, stateSince, health, tools, starts, crashes } = server
  const { calls, errors, p95Ms } = usage
  const shown = [name, displayName, enabled, desired, state, stateSince, health, tools, starts, crashes, calls, errors, p95Ms, memory]
  row.setAttribute('data-server', name)
  for (const [index, { cell }] of columns.entries()) {
    const place = row.children[index]
    if (place) redraw(place, shown, () => cell(facts))
  }
}

/** @param {Server} server */
export function wanted({ enabled, disabledBecause, desired, state }) {
  if (!enabled) return chip(disabledBecause === 'failures' ? 'off, failed' : 'off', disabledBecause === 'failures' ? 'bad' : 'plain')
  if (state === 'maintenance') return chip('pause', 'warn')
  return chip(desired === 'running' ? 'run' : 'stop', 'plain')
}
