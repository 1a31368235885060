/** What happens, as it happens: every event of the log, the newest first, filtered by the reader. Paused, it keeps what comes and shows it afterwards. */
import { el, list, outside, redraw } from './dom.js'
import { severities, severityOf } from './event-words.js'
import { createProblem } from './problem.js'
import { createRefresher } from './refresh.js'
import { drawEventLine } from './server-parts.js'
import { count, serverIdOf } from './words.js'

/** @typedef {import('./shapes.d.ts').StewardEvent} StewardEvent */

/** What is older than these goes from the page; the log keeps it. */
const MOST_EVENTS = 500
const PAGE_EVENTS = 100
const DRAW_EVERY_MS = 100

/** What somebody looked for stays while he looks at something else and comes back. */
const asked = { type: '', of: 'servers', severity: 'info' }

/** @param {import('./shapes.d.ts').Desk} desk @returns {import('./shapes.d.ts').View} */
export function openEvents({ client }) {
  /** @type {Map<string, StewardEvent>} */
  const events = new Map()
  /** @type {StewardEvent[]} */
  let waiting = []
  let paused = false
  /** @type {string | null} */
  let older = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let drawing
  /** @type {ReadonlyMap<string, string>} */
  let names = new Map()

  const types = el('datalist', { id: 'event-types' })
  const type = el('input', {
    type: 'search',
    list: 'event-types',
    placeholder: 'Type',
    'aria-label': 'Events whose type holds',
    oninput: choose,
  })
  const of = el('select', { 'aria-label': 'Events of', onchange: choose })
  const severity = el(
    'select',
    { 'aria-label': 'Events at least as grave as', onchange: choose },
    ...severities.map((name) => el('option', { value: name }, name === 'info' ? 'every severity' : `${name} and worse`)),
  )
  const pause = el('button', { type: 'button', 'aria-pressed': 'false', onclick: () => setPaused(!paused) }, 'Pause')
  const problem = createProblem()
  const lines = el('ol', { class: 'events' })
  const none = el('p', { class: 'empty', role: 'status' }, 'Reading the events …')
  const more = el('button', { type: 'button', hidden: true, onclick: readOlder }, 'Show older')
  type.value = asked.type
  severity.value = asked.severity
  drawServers()

  const stay = (/** @type {Event} */ event) => event.preventDefault()
  const form = el('form', { class: 'filter', role: 'search', onsubmit: stay }, type, types, of, severity, pause)
  const node = el('div', {}, el('h1', { tabindex: -1 }, 'Events'), form, problem.node, lines, none, more)

  const onError = problem.show
  const newest = createRefresher(
    async () => {
      const page = await client.get('/api/v1/events', { limit: PAGE_EVENTS, ...query() })
      problem.clear()
      if (events.size === 0) older = page.next_cursor
      for (const event of page.items) events.set(event.id, event)
      draw()
    },
    { onError },
  )
  const servers = createRefresher(
    async (position) => {
      const found = await client.all('/api/v1/servers', { situation: 'all', min_position: position })
      names = new Map(found.map(({ id, name }) => [id, name]))
      drawServers()
      draw()
    },
    { onError },
  )
  servers.refresh()
  newest.refresh()

  return {
    title: 'Events',
    node,
    refresh() {
      newest.refresh()
    },
    hear({ channel, position, data }) {
      if (channel !== 'events' || data === undefined) return
      const event = /** @type {StewardEvent} */ (data)
      if (event.type === 'ServerRegistered') servers.refresh(position)
      if (!isAbout(event)) return
      if (paused) {
        waiting.push(event)
        if (waiting.length > MOST_EVENTS) waiting.shift()
        drawPause()
      } else {
        events.set(event.id, event)
        // However much happens at once, it is drawn ten times a second.
        drawing ??= setTimeout(() => draw(), DRAW_EVERY_MS)
      }
    },
    close() {
      clearTimeout(drawing)
      newest.close()
      servers.close()
    },
  }

  /** @param {boolean} wanted */
  function setPaused(wanted) {
    paused = wanted
    if (!paused) {
      for (const event of waiting) events.set(event.id, event)
      waiting = []
      draw()
    }
    drawPause()
  }

  function drawPause() {
    pause.setAttribute('aria-pressed', String(paused))
    pause.textContent = paused ? `Go on${waiting.length > 0 ? ` (${count(waiting.length, 'new event')})` : ''}` : 'Pause'
  }

  /** The log is asked for what it is about; type and severity choose among what was read. */
  function query() {
    if (of.value === 'everything') return {}
    return of.value === 'servers' ? { category: 'server' } : { stream: `server-${of.value}` }
  }

  /** @param {StewardEvent} event */
  function isAbout({ stream }) {
    const id = serverIdOf(stream)
    return of.value === 'everything' || (id !== undefined && (of.value === 'servers' || of.value === id))
  }

  function choose() {
    const isOther = of.value !== asked.of
    asked.type = type.value
    asked.of = of.value
    asked.severity = severity.value
    if (isOther) {
      events.clear()
      waiting = []
      newest.refresh()
    }
    draw()
  }

  async function readOlder() {
    if (older === null) return
    more.disabled = true
    try {
      const page = await client.get('/api/v1/events', { limit: PAGE_EVENTS, cursor: older, ...query() })
      older = page.next_cursor
      for (const event of page.items) events.set(event.id, event)
      draw({ all: true })
    } catch (error) {
      onError(error)
    }
    more.disabled = false
  }

  function drawServers() {
    redraw(of, [...names], () => [
      el('option', { value: 'servers' }, 'all servers'),
      el('option', { value: 'everything' }, 'everything'),
      ...[...names].toSorted(([, a], [, b]) => a.localeCompare(b)).map(([id, name]) => el('option', { value: id }, name)),
    ])
    of.value = asked.of
    if (of.selectedIndex < 0) of.value = 'servers'
  }

  /** @param {{ all?: boolean }} [options] all: what somebody asked for stays, however much it is */
  function draw({ all = false } = {}) {
    clearTimeout(drawing)
    drawing = undefined
    const sorted = [...events.values()].toSorted((a, b) => (BigInt(b.position) > BigInt(a.position) ? 1 : -1))
    if (!all) for (const { id } of sorted.splice(MOST_EVENTS)) events.delete(id)
    const text = type.value.trim().toLowerCase()
    const least = Math.max(0, severities.map(String).indexOf(severity.value))
    const shown = sorted.filter(
      (event) => isAbout(event) && event.type.toLowerCase().includes(text) && severities.indexOf(severityOf(event)) >= least,
    )
    const known = [...new Set(sorted.map((event) => event.type))].toSorted()
    redraw(types, known, () => known.map((name) => el('option', { value: name })))
    list(lines, shown, {
      key: ({ id }) => id,
      make: () => el('li'),
      draw: (event, item) => redraw(item, [event.id, aboutOf(event)], () => drawEventLine(event, severityOf(event), linkOf(event))),
    })
    none.hidden = shown.length > 0
    none.textContent = events.size === 0 ? 'Nothing has happened yet.' : 'No event that was read fits the filter.'
    more.hidden = older === null
  }

  /** @param {StewardEvent} event */
  function aboutOf({ stream }) {
    return names.get(serverIdOf(stream) ?? '') ?? stream
  }

  /** @param {StewardEvent} event */
  function linkOf(event) {
    const { stream } = event
    const id = serverIdOf(stream)
    if (id !== undefined) return el('a', { href: `#/servers/${id}` }, outside(aboutOf(event)))
    if (stream.startsWith('incident-')) return el('a', { href: `#/incidents/${stream.slice('incident-'.length)}` }, stream)
    return outside(stream)
  }
}
