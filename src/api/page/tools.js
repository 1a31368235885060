/** The tools of one server: what models are served of each, what waits for a person and how it differs, and who switched one off. */
import { drawChanges, giveCommand } from './command.js'
import { block, el, list, outside, redraw } from './dom.js'
import { chip, count, milliseconds, share, since, who } from './words.js'

/** @typedef {import('./shapes.d.ts').ServerTool} ServerTool */

/**
 * @param {Element} parent
 * @param {readonly ServerTool[]} tools
 * @param {{ desk: import('./shapes.d.ts').Desk, onDone: (outcome: import('./shapes.d.ts').Outcome, text: string) => void }} options
 */
export const drawTools = (parent, tools, options) =>
  list(parent, tools, {
    key: ({ name }) => name,
    make: () => el('li'),
    draw: (tool, item) => {
      item.setAttribute('data-state', tool.state)
      redraw(item, tool, () => drawTool(tool, options))
    },
  })

/** @param {ServerTool} tool @param {Parameters<typeof drawTools>[2]} options */
function drawTool(tool, options) {
  const { name, state, definition, pendingDefinition, usage, hidden } = tool
  const waits = pendingDefinition !== null
  const says = definition?.description ?? pendingDefinition?.description ?? ''
  return el(
    'details',
    { 'data-key': name, open: waits },
    el(
      'summary',
      {},
      el('span', { class: 'tool' }, outside(name)),
      chip(state),
      hidden.length > 0 && chip('hidden characters', 'bad'),
      el('span', { class: 'says' }, outside(says)),
    ),
    el(
      'div',
      { class: 'inside' },
      drawStanding(tool),
      waits && drawReview(tool),
      definition === null
        ? el('p', {}, 'Nothing of it is served: nobody has approved it.')
        : [el('h4', {}, 'What models are served'), drawDefinition(definition, 'served')],
      el(
        'p',
        { class: 'quiet' },
        usage.calls === 0
          ? 'Not called in the last 90 days.'
          : `${count(usage.calls, 'call')} in 90 days, ${share(1 - usage.successRate)} errors, ${milliseconds(usage.averageMs)} on average.`,
      ),
      drawButtons(tool, options),
    ),
  )
}

/** @param {ServerTool} tool */
function drawStanding({ state, disabledBy, disabledReason, offered, approvedAt, approvedBy, pendingDefinition }) {
  return el(
    'p',
    {},
    state === 'disabled' && ['Switched off by ', outside(who(disabledBy ?? '?')), ': ', outside(disabledReason ?? ''), '. '],
    !offered && 'The server does not offer it at the moment. ',
    approvedAt === null
      ? 'Never approved. '
      : ['Approved by ', approvedBy === null ? 'the policy' : outside(who(approvedBy)), ' ', since(approvedAt), '. '],
    pendingDefinition !== null && 'What the server offers now waits for an approval.',
  )
}

/** @param {ServerTool} tool */
const drawReview = ({ pendingDefinition, pendingChanges, hidden }) =>
  el(
    'div',
    { class: 'review' },
    hidden.length > 0 && [
      el('h4', {}, 'Characters that nobody sees, and models read'),
      el(
        'ul',
        {},
        ...hidden.map(({ field, characters }) => el('li', { class: 'bad' }, el('code', {}, outside(field)), `: ${characters.join(' ')}`)),
      ),
    ],
    pendingChanges.length > 0
      ? [el('h4', {}, 'What is different'), drawChanges(pendingChanges)]
      : pendingDefinition !== null && [el('h4', {}, 'New; what models would be served'), drawDefinition(pendingDefinition, 'offered')],
  )

/** Its own words as they are read, and everything else: all of it is read by models. @param {NonNullable<ServerTool['definition']>} definition @param {string} label */
function drawDefinition({ description, name: _name, ...rest }, label) {
  return [
    description === undefined ? el('p', { class: 'quiet' }, 'Without a description.') : block(description, `description, ${label}`),
    el(
      'details',
      { 'data-key': `schema ${label}` },
      el('summary', {}, 'Schema and annotations'),
      block(JSON.stringify(rest, undefined, 2), `schema, ${label}`),
    ),
  ]
}

/** @param {ServerTool} tool @param {Parameters<typeof drawTools>[2]} options */
function drawButtons({ serverId, name, qualifiedName, enabled, pendingHash }, { desk, onDone }) {
  if (!desk.may('mcp:manage_servers')) return null
  const path = `/api/v1/servers/${serverId}/tools/${encodeURIComponent(name)}`
  /** @param {string} verb @param {string} word @param {string} did @param {object} [body] */
  const button = (verb, word, did, body) =>
    el(
      'button',
      {
        type: 'button',
        'data-key': verb,
        async onclick() {
          const outcome = await giveCommand(desk.client, {
            title: `${word} ${qualifiedName}`,
            path: `${path}/${verb}`,
            confirm: word,
            ...(body && { body }),
          })
          if (outcome) onDone(outcome, `${did} ${qualifiedName}.`)
        },
      },
      word,
    )
  return el(
    'div',
    { class: 'buttons' },
    pendingHash !== null && button('approve', 'Approve', 'Approved', { hash: pendingHash }),
    enabled ? button('disable', 'Switch off', 'Switched off') : button('enable', 'Switch on', 'Switched on'),
  )
}
