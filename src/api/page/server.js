/** One server: how it is, what it offers, who decided what about it; and what the reader may decide. */
import { Refusal } from './api.js'
import { giveCommand } from './command.js'
import { block, el, list, outside, redraw } from './dom.js'
import { severityOf } from './event-words.js'
import { createProblem } from './problem.js'
import { createRefresher } from './refresh.js'
import {
  drawArgv,
  drawConfig,
  drawEventLine,
  drawFailure,
  drawHistoryEntry,
  drawInstructions,
  drawStanding,
  drawUsage,
} from './server-parts.js'
import { drawTools } from './tools.js'
import { troublesOf } from './trouble.js'
import { chip, spelled } from './words.js'

/** @typedef {import('./shapes.d.ts').Server} Server */

const LAST_EVENTS = 20
const LAST_DECISIONS = 10
const FIGURES_EVERY_MS = 10_000

/** What may be asked of it, and when there is a sense in it. @type {readonly { verb: string, word: string, did: string, fits: (server: Server) => boolean, dangerous?: boolean }[]} */
const intents = [
  {
    verb: 'start',
    word: 'Start',
    did: 'Asked to start',
    fits: ({ enabled, state }) => enabled && (state === 'stopped' || state === 'error'),
  },
  {
    verb: 'restart',
    word: 'Restart',
    did: 'Asked to restart',
    fits: ({ enabled, state }) => enabled && state !== 'stopped' && state !== 'maintenance',
  },
  { verb: 'stop', word: 'Stop', did: 'Asked to stop', fits: ({ enabled, desired }) => enabled && desired === 'running', dangerous: true },
  { verb: 'maintenance/leave', word: 'End maintenance', did: 'Ended the maintenance of', fits: ({ state }) => state === 'maintenance' },
  { verb: 'enable', word: 'Enable', did: 'Enabled', fits: ({ enabled }) => !enabled },
  { verb: 'disable', word: 'Disable', did: 'Disabled', fits: ({ enabled }) => enabled, dangerous: true },
]

/** @param {import('./shapes.d.ts').Desk} desk @param {string} id @returns {import('./shapes.d.ts').View} */
export function openServer(desk, id) {
  const { client, may, tell } = desk
  const path = `/api/v1/servers/${encodeURIComponent(id)}`
  const mayManage = may('mcp:manage_servers')

  /** @type {Server | undefined} */
  let now
  /** @type {import('./trouble.js').Usage} */
  let used = { calls: 0, errors: 0, p95Ms: null }

  const head = el('div', { class: 'head' })
  const buttons = el('div', { class: 'buttons' })
  const problem = createProblem()
  const troubles = el('ul', { class: 'alerts' })
  const standing = el('div')
  const usage = el('div')
  const failure = el('div')
  const tools = el('ul', { class: 'tools' })
  const noTools = el('p', { class: 'empty' }, 'Reading the tools …')
  const instructions = el('div')
  const config = el('div')
  const history = el('ol', { class: 'history' })
  const events = el('ol', { class: 'events' })
  const failureSection = section('Failure', failure)
  const instructionsSection = section('What it tells every model', instructions)
  const body = el(
    'div',
    { hidden: true },
    troubles,
    el('div', { class: 'columns' }, section('How it is', standing), section('Use, last hour', usage)),
    failureSection,
    section('Tools', tools, noTools),
    instructionsSection,
    section('Configuration', config),
    section('Who decided what', history),
    section('Last events', may('mcp:view_events') ? events : el('p', { class: 'empty' }, 'This key may not see events.')),
  )
  const node = el('div', { class: 'server' }, el('p', {}, el('a', { href: '#/' }, 'All servers')), head, buttons, problem.node, body)

  /** @param {unknown} error */
  const onError = (error) => {
    const gone = error instanceof Refusal && error.status === 404
    problem.show(error, gone ? 'There is no such server, or this key may not see it.' : undefined)
  }
  const facts = createRefresher(
    async (position) => {
      const [server, offered, decided, happened] = await Promise.all([
        client.get(path, { min_position: position }),
        client.get(`${path}/tools`, { limit: 100, min_position: position }),
        client.get(`${path}/history`, { limit: LAST_DECISIONS }),
        may('mcp:view_events') ? client.get(`${path}/events`, { limit: LAST_EVENTS }) : { items: [] },
      ])
      problem.clear()
      body.hidden = false
      drawServer(server)
      await drawOffered(server, offered)
      drawHistory(server, decided.items)
      list(events, happened.items, {
        key: (event) => event.id,
        make: () => el('li'),
        draw: (event, item) => redraw(item, event.id, () => drawEventLine(event, severityOf(event))),
      })
    },
    { onError },
  )
  const figures = createRefresher(
    async () => {
      const found = await client.get(`${path}/metrics`, { period: '1h' })
      used = found
      redraw(usage, found, () => drawUsage(found))
      drawTroubles()
    },
    { gapMs: 2_000, onError },
  )
  const timer = setInterval(() => figures.refresh(), FIGURES_EVERY_MS)
  facts.refresh()
  figures.refresh()

  return {
    title: 'Server',
    node,
    refresh(position) {
      facts.refresh(position)
      figures.refresh()
    },
    hear({ channel, position, data }) {
      if (channel === 'events' && data?.['stream'] === `server-${id}`) facts.refresh(position)
      if (channel === 'metrics' && data?.['server_id'] === id) figures.refresh()
    },
    close() {
      clearInterval(timer)
      facts.close()
      figures.close()
    },
  }

  /** @param {Server} server */
  function drawServer(server) {
    const { name, displayName, state, health, situation, failure: failed } = server
    document.title = `${name} – Steward`
    redraw(head, [name, displayName, state, health, situation], () => [
      el('h1', { tabindex: -1 }, outside(name)),
      chip(state),
      state === 'running' && chip(health),
      situation === 'retired' && chip('retired', 'warn'),
      displayName !== name && el('span', { class: 'quiet' }, outside(displayName)),
    ])
    redraw(buttons, server, () => (situation === 'retired' ? null : drawButtons(server)))
    now = server
    drawTroubles()
    redraw(standing, server, () => drawStanding(server))
    redraw(config, server, () => drawConfig(server))
    failureSection.hidden = failed === null
    redraw(failure, failed, () => failed && drawFailure(failed))
    instructionsSection.hidden = server.instructions === null && server.pendingInstructions === null
    redraw(instructions, [server.instructions, server.pendingInstructions], () => drawInstructions(server))
  }

  function drawTroubles() {
    if (now === undefined) return
    const found = troublesOf(now, used)
    redraw(troubles, found, () =>
      found.map(({ severity, says }) => el('li', {}, el('span', {}, chip(severity)), el('span', { class: 'says' }, outside(says)))),
    )
  }

  /** @param {Server} server */
  function drawButtons(server) {
    const { name, executable, pendingInstructions } = server
    if (!mayManage) return el('p', { class: 'quiet' }, `As ${desk.me.role} this key may look, and change nothing.`)
    const { verdict, approved = false, argvHash, says } = executable ?? {}
    return [
      verdict === 'needs-approval' &&
        !approved &&
        may('mcp:exec_stdio') &&
        command('Approve the program', {
          title: `Approve the program of ${name}`,
          path: `${path}/executable/approve`,
          body: { argvHash },
          confirm: 'Approve',
          about: [
            el('p', {}, `A server over standard streams is code with the rights of Steward. Why it is asked: ${says ?? ''}.`),
            el('p', {}, 'Approved is this program with these very arguments, in this directory:'),
            drawArgv(server),
          ],
          did: `Approved the program of ${name}.`,
        }),
      pendingInstructions !== null &&
        command('Approve what it tells', {
          title: `Approve what ${name} tells every model`,
          path: `${path}/instructions/approve`,
          body: { hash: pendingInstructions.told?.hash ?? '' },
          confirm: 'Approve',
          about: block(pendingInstructions.told?.text ?? '(nothing any more)', 'what it tells now'),
          did: `Approved what ${name} tells every model.`,
        }),
      ...intents
        .filter(({ fits }) => fits(server))
        .map(({ verb, word, did, dangerous = false }) =>
          command(word, { title: `${word} ${name}`, path: `${path}/${verb}`, confirm: word, dangerous, did: `${did} ${name}.` }),
        ),
    ]
  }

  /** @param {string} word @param {import('./command.js').Asked & Readonly<{ did: string }>} asked */
  function command(word, { did, ...asked }) {
    return el(
      'button',
      {
        type: 'button',
        'data-key': asked.path,
        class: asked.dangerous ? 'danger' : null,
        async onclick() {
          const outcome = await giveCommand(client, asked)
          if (outcome) onDone(outcome, did)
        },
      },
      word,
    )
  }

  /** @param {import('./shapes.d.ts').Outcome} outcome @param {string} text */
  function onDone({ position }, text) {
    tell(text)
    facts.refresh(position)
  }

  /** @param {Server} server @param {{ items: readonly import('./shapes.d.ts').ServerTool[], next_cursor: string | null, because: string | null }} first */
  async function drawOffered(server, { items, next_cursor, because }) {
    const all = next_cursor === null ? items : await client.all(`${path}/tools`)
    const rank = ['quarantined', 'disabled', 'enabled', 'unavailable']
    const sorted = all.toSorted((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state) || a.name.localeCompare(b.name))
    drawTools(tools, sorted, { desk, onDone })
    noTools.hidden = all.length > 0
    redraw(
      noTools,
      because,
      () => because && ['There is none: ', outside(because), '.', server.enabled ? '' : ' It is disabled; enable it first.'],
    )
  }

  /** @param {Server} server @param {readonly import('./shapes.d.ts').HistoryEntry[]} entries newest first */
  function drawHistory({ name }, entries) {
    const last = entries.find(({ commandId }) => commandId !== null)
    list(history, entries, {
      key: ({ position, type, tool }) => `${position} ${type} ${tool}`,
      make: () => el('li'),
      draw: (entry, item) =>
        redraw(item, [entry, entry === last], () =>
          drawHistoryEntry(
            entry,
            mayManage &&
              entry === last &&
              command('Undo', {
                title: `Undo: ${spelled(entry.type)}, ${name}`,
                path: `/api/v1/commands/${entry.commandId}/undo`,
                confirm: 'Undo',
                did: `Took back: ${spelled(entry.type)}.`,
              }),
          ),
        ),
    })
  }
}

/** @param {string} title @param {...Element} children */
const section = (title, ...children) => el('section', { 'aria-label': title }, el('h2', {}, title), ...children)
