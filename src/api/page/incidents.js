/** Incidents, to be read: what was found, what is proposed, what was done. Deciding about them takes the command line, where the whole plan is shown. */
import { block, el, list, outside, redraw } from './dom.js'
import { createProblem } from './problem.js'
import { createRefresher } from './refresh.js'
import { chip, since, spelled, who } from './words.js'

/** @typedef {import('./shapes.d.ts').Incident} Incident */
/** @typedef {import('./shapes.d.ts').IncidentSummary} IncidentSummary */

const PAGE_INCIDENTS = 100

/** @param {import('./shapes.d.ts').Desk} desk @returns {import('./shapes.d.ts').View} */
export function openIncidents({ client, may }) {
  const choice = el(
    'select',
    { 'aria-label': 'Which incidents', onchange: () => incidents.refresh() },
    el('option', { value: 'true' }, 'open'),
    el('option', { value: '' }, 'all'),
  )
  const problem = createProblem()
  const items = el('ul', { class: 'incidents' })
  const none = el('p', { class: 'empty', role: 'status' }, 'Reading the incidents …')
  const node = el('div', {}, el('h1', { tabindex: -1 }, 'Incidents'), el('form', { class: 'filter' }, choice), problem.node, items, none)
  const incidents = createRefresher(
    async (position) => {
      const open = choice.value === '' ? undefined : choice.value
      const [page, targets] = await Promise.all([
        client.get('/api/v1/incidents', { limit: PAGE_INCIDENTS, open, min_position: position }),
        may('targets:view') ? client.all('/api/v1/targets') : [],
      ])
      const names = new Map(targets.map(({ id, name }) => [id, name]))
      problem.clear()
      list(items, /** @type {readonly IncidentSummary[]} */ (page.items), {
        key: ({ id }) => id,
        make: () => el('li'),
        draw: (incident, item) => {
          const target = names.get(incident.targetId) ?? incident.targetId
          redraw(item, [incident, target], () => drawSummary(incident, target))
        },
      })
      none.hidden = page.items.length > 0
      none.textContent = open === undefined ? 'There was no incident yet.' : 'No incident is open.'
    },
    { onError: problem.show },
  )
  incidents.refresh()
  return {
    title: 'Incidents',
    node,
    refresh: incidents.refresh,
    hear: ({ channel, position }) => {
      if (channel === 'incidents') incidents.refresh(position)
    },
    close: incidents.close,
  }
}

/** @param {IncidentSummary} incident @param {string} target */
const drawSummary = ({ id, title, state, severity, service, openedAt, waitingFor, outcome }, target) => [
  el('span', {}, chip(severity)),
  el('span', { class: 'says' }, el('a', { href: `#/incidents/${id}` }, outside(title))),
  el('span', { class: 'about' }, `${service} `, outside(target)),
  el('span', {}, chip(state), waitingFor !== null && [' waits for ', outside(waitingFor)], outcome !== null && ` ${outcome}`),
  el('span', { class: 'when' }, since(openedAt)),
]

/** @param {import('./shapes.d.ts').Desk} desk @param {string} id @returns {import('./shapes.d.ts').View} */
export function openIncident({ client }, id) {
  const problem = createProblem()
  const body = el('div')
  const node = el('div', {}, el('p', {}, el('a', { href: '#/incidents' }, 'All incidents')), problem.node, body)
  const incident = createRefresher(
    async (position) => {
      const found = await client.get(`/api/v1/incidents/${encodeURIComponent(id)}`, { min_position: position })
      problem.clear()
      redraw(body, found, () => drawIncident(found))
    },
    { onError: problem.show },
  )
  incident.refresh()
  return {
    title: 'Incident',
    node,
    refresh: incident.refresh,
    hear: ({ channel, position, data }) => {
      if (channel === 'incidents' && data?.['incident_id'] === id) incident.refresh(position)
    },
    close: incident.close,
  }
}

/** @param {Incident} incident */
function drawIncident({ id, title, state, severity, outcome, waitingFor, diagnosis, plan, excerpt, timeline, escalation, approvalId }) {
  return [
    el(
      'div',
      { class: 'head' },
      el('h1', { tabindex: -1 }, outside(title)),
      chip(severity),
      chip(state),
      outcome !== null && chip(outcome, 'plain'),
    ),
    waitingFor !== null && el('p', {}, 'It waits for ', outside(waitingFor), '.'),
    approvalId !== null &&
      state === 'awaiting-approval' &&
      el('p', {}, 'Look at the plan and decide on the command line: ', el('code', {}, `steward approval approve ${id}`), '.'),
    escalation !== null && el('p', { class: 'bad' }, `${escalation.reason}: `, outside(escalation.says)),
    excerpt !== '' && [el('h2', {}, 'What was seen'), block(excerpt, 'what was seen')],
    diagnosis !== null && [
      el('h2', {}, 'Diagnosis'),
      el('p', {}, outside(diagnosis.text), el('span', { class: 'quiet' }, ` (by the ${diagnosis.by})`)),
    ],
    plan !== null && [
      el('h2', {}, 'Plan'),
      el(
        'p',
        {},
        outside(plan.title),
        ' ',
        chip(`${plan.risk} risk`, plan.risk === 'high' ? 'bad' : plan.risk === 'medium' ? 'warn' : 'plain'),
      ),
      el('ol', {}, ...plan.steps.map((step) => el('li', {}, outside(step)))),
      el('p', { class: 'quiet' }, 'Back: ', outside(plan.rollback)),
    ],
    el('h2', {}, 'What happened'),
    el(
      'ol',
      { class: 'history' },
      ...timeline.map(({ at, type, text, actor }) =>
        el(
          'li',
          {},
          since(at),
          ' ',
          el('strong', {}, spelled(type)),
          ' ',
          outside(text),
          el('span', { class: 'quiet' }, ` by ${who(actor)}`),
        ),
      ),
    ),
  ]
}
