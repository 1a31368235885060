/** All servers at a glance: counts, what is wrong, and a table that follows what happens. Trouble stands first. */
import { alarmingEvents, alertsBefore, alertsNow, drawAlerts } from './alerts.js'
import { el, list, redraw } from './dom.js'
import { columns, drawRow, makeRow } from './fleet-table.js'
import { createProblem } from './problem.js'
import { createRefresher } from './refresh.js'
import { troublesOf } from './trouble.js'
import { count, milliseconds, NOTHING, serverIdOf, share } from './words.js'

/** @typedef {import('./shapes.d.ts').Server} Server */
/** @typedef {import('./trouble.js').Trouble} Trouble */

const FIGURES_EVERY_MS = 10_000
const PAST_ALERTS = 50
const NO_USAGE = { calls: 0, errors: 0, p95Ms: null }

/** @type {Readonly<Record<string, (server: Server, troubles: readonly Trouble[]) => boolean>>} */
const filters = {
  all: () => true,
  'in trouble': (_server, troubles) => troubles.length > 0,
  running: ({ state }) => state === 'running',
  stopped: ({ state }) => state === 'stopped',
  error: ({ state }) => state === 'error',
  'starting or stopping': ({ state }) => state === 'starting' || state === 'stopping',
  maintenance: ({ state }) => state === 'maintenance',
  disabled: ({ enabled }) => !enabled,
  'waits for approval': ({ tools, executable, pendingInstructions }) =>
    tools.quarantined > 0 || pendingInstructions !== null || (executable?.verdict === 'needs-approval' && !executable.approved),
}

/** What somebody looked for stays while he looks at a server and comes back. */
const asked = { text: '', filter: 'all' }

/** @param {import('./shapes.d.ts').Desk} desk @returns {import('./shapes.d.ts').View} */
export function openFleet({ client, may }) {
  /** @type {readonly Server[] | undefined} */
  let servers
  /** @type {import('./shapes.d.ts').Analytics | undefined} */
  let analytics
  /** @type {readonly import('./shapes.d.ts').StewardEvent[]} */
  let alarms = []
  /** @type {Map<string, number | null>} */
  let memory = new Map()

  const counts = el('dl', { class: 'counts' })
  const now = el('ul', { class: 'alerts' })
  const before = el('ul', { class: 'alerts past' })
  const earlier = el('details', { 'data-key': 'earlier' }, el('summary', {}), before)
  const alerts = el('section', { 'aria-label': 'Alerts', hidden: true }, el('h2', {}, 'Alerts'), now, earlier)
  const rows = el('tbody')
  const table = el(
    'table',
    { class: 'fleet', hidden: true },
    el('thead', {}, el('tr', {}, ...columns.map(({ head, number }) => el('th', { scope: 'col', class: number ? 'number' : null }, head)))),
    rows,
  )
  const none = el('p', { class: 'empty', role: 'status' }, 'Reading the servers …')
  const problem = createProblem()
  const search = el('input', { type: 'search', placeholder: 'Name', 'aria-label': 'Servers whose name holds', oninput: choose })
  const choice = el(
    'select',
    { 'aria-label': 'Servers that are', onchange: choose },
    ...Object.keys(filters).map((name) => el('option', {}, name)),
  )
  search.value = asked.text
  choice.value = asked.filter
  const node = el(
    'div',
    {},
    counts,
    problem.node,
    alerts,
    el('form', { class: 'filter', role: 'search', onsubmit: stay }, search, choice),
    table,
    none,
  )

  const onError = problem.show
  const fleet = createRefresher(
    async (position) => {
      const query = { types: alarmingEvents.join(','), limit: PAST_ALERTS }
      const [found, told] = await Promise.all([
        client.all('/api/v1/servers', { min_position: position }),
        may('mcp:view_events') ? client.get('/api/v1/events', query) : { items: [] },
      ])
      const ran = runningOf(servers)
      servers = found
      alarms = told.items
      // Figures of a server that has just come, or gone, are not those of before.
      if (runningOf(servers) !== ran) figures.refresh()
      draw()
    },
    { onError },
  )
  const figures = createRefresher(
    async () => {
      const [used, vitals] = await Promise.all([client.get('/api/v1/analytics', { period: '1h' }), client.get('/api/v1/servers/vitals')])
      analytics = used
      memory = memoryOf(vitals)
      draw()
    },
    { gapMs: 2_000, onError },
  )
  const timer = setInterval(() => figures.refresh(), FIGURES_EVERY_MS)
  fleet.refresh()

  return {
    title: 'Fleet',
    node,
    refresh(position) {
      fleet.refresh(position)
      figures.refresh()
    },
    hear({ channel, position, data }) {
      const isOfServer = channel === 'events' && serverIdOf(String(data?.['stream'])) !== undefined
      if (isOfServer || channel === 'servers' || channel === 'health') fleet.refresh(position)
      if (channel === 'metrics') figures.refresh()
    },
    close() {
      clearInterval(timer)
      fleet.close()
      figures.close()
    },
  }

  function choose() {
    asked.text = search.value
    asked.filter = choice.value
    draw()
  }

  function draw() {
    if (servers === undefined) return
    problem.clear()
    const usage = new Map(analytics?.byServer.map((each) => [each.serverId, each]))
    const troubles = new Map(servers.map((server) => [server.id, troublesOf(server, usage.get(server.id) ?? NO_USAGE)]))
    drawCounts(servers, troubles)
    const standing = alertsNow(troubles, servers)
    const past = alertsBefore(alarms, servers)
    drawAlerts(now, standing)
    drawAlerts(before, past)
    alerts.hidden = standing.length + past.length === 0
    earlier.hidden = past.length === 0
    redraw(earlier.querySelector('summary') ?? earlier, past.length, () => `${count(past.length, 'alert')} before`)
    const fits = filters[choice.value] ?? filters['all']
    const text = search.value.trim().toLowerCase()
    const shown = servers
      .filter((server) => fits?.(server, troubles.get(server.id) ?? []))
      .filter(({ name, displayName }) => `${name}\n${displayName}`.toLowerCase().includes(text))
      .toSorted((a, b) => rankOf(a, troubles) - rankOf(b, troubles) || a.name.localeCompare(b.name))
    list(rows, shown, {
      key: ({ id }) => id,
      make: makeRow,
      draw: (server, row) => drawRow(row, { server, usage: usage.get(server.id) ?? NO_USAGE, memory: memory.get(server.id) ?? null }),
    })
    table.hidden = shown.length === 0
    none.hidden = shown.length > 0
    const isEmpty = servers.length === 0
    redraw(none, isEmpty, () =>
      isEmpty
        ? [
            'There is no server yet. Add one on the command line: ',
            el('code', {}, 'steward server add files -- npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /srv/files'),
            ', or take over those of other programs: ',
            el('code', {}, 'steward discover scan'),
            '.',
          ]
        : 'No server fits the filter.',
    )
  }

  /** @param {readonly Server[]} all @param {ReadonlyMap<string, readonly Trouble[]>} troubles */
  function drawCounts(all, troubles) {
    const inTrouble = all.filter(({ id }) => (troubles.get(id)?.length ?? 0) > 0).length
    const waiting = all.reduce((sum, { tools }) => sum + tools.quarantined, 0)
    const { calls = 0, errors = 0, p95Ms = null } = analytics ?? {}
    /** @type {readonly (readonly [string, string, string?])[]} */
    const told = [
      ['Servers', String(all.length)],
      ['Running', String(all.filter(({ state }) => state === 'running').length)],
      ['In trouble', String(inTrouble), inTrouble > 0 ? 'bad' : ''],
      ['Tools', String(all.reduce((sum, { tools }) => sum + tools.enabled, 0))],
      ['Tools that wait', String(waiting), waiting > 0 ? 'warn' : ''],
      ['Calls, last hour', String(calls)],
      ['Errors', calls === 0 ? NOTHING : share(errors / calls), calls > 0 && errors / calls > 0.1 ? 'bad' : ''],
      ['P95', milliseconds(p95Ms)],
    ]
    redraw(counts, told, () => told.map(([name, value, tone = '']) => el('div', { class: tone }, el('dt', {}, name), el('dd', {}, value))))
  }
}

/** By the id of the server. @param {import('./shapes.d.ts').ServerVitals} vitals @returns {Map<string, number | null>} */
const memoryOf = ({ items }) => new Map(items.map(({ id, memoryBytes }) => [id, memoryBytes]))

/** Which run, as one text. @param {readonly Server[] | undefined} servers */
const runningOf = (servers) => servers?.flatMap(({ run, state }) => (state === 'running' ? [run?.runId] : [])).join()

/** @param {Event} event */
const stay = (event) => event.preventDefault()

/** Trouble first, then what is on its way, what runs, and what rests because somebody wants it to. @param {Server} server @param {ReadonlyMap<string, readonly Trouble[]>} troubles */
function rankOf({ id, state, enabled }, troubles) {
  const worst = troubles.get(id)?.map(({ severity }) => ['critical', 'error', 'warning'].indexOf(severity)) ?? []
  if (worst.length > 0) return Math.min(...worst)
  return 10 + (enabled ? ['starting', 'stopping', 'running', 'maintenance', 'stopped', 'error'].indexOf(state) : 10)
}
