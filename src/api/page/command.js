/**
 * A command as a person gives it: first he sees what would be recorded, or why it would be refused; then he says why he wants it, and it is given.
 * One question is one attempt: pressed again after an answer that got lost, nothing is done twice.
 */
import { freshKey, wordsOf } from './api.js'
import { block, el, outside } from './dom.js'
import { createProblem } from './problem.js'
import { factsText, spelled, valueText } from './words.js'

/**
 * @typedef {Readonly<{
 *   title: string,
 *   path: string,
 *   body?: object,
 *   confirm: string,
 *   about?: import('./dom.js').Child,
 *   dangerous?: boolean,
 * }>} Asked
 * title: what it is, `Restart files`. about: what to know before. confirm: the word on the button.
 */

/** @param {import('./api.js').Client} client @param {Asked} asked @returns {Promise<import('./shapes.d.ts').Outcome | undefined>} undefined: nothing was done */
export function giveCommand(client, { title, path, body = {}, confirm, about, dangerous = false }) {
  const attempt = freshKey()
  const { promise, resolve } = Promise.withResolvers()
  const reason = el('input', { name: 'reason', required: true, maxlength: 500, autocomplete: 'off', 'aria-describedby': 'preview' })
  const preview = el('div', { id: 'preview', class: 'preview', role: 'status' }, 'Looking at what it would do …')
  const problem = createProblem()
  const give = el('button', { type: 'submit', class: dangerous ? 'danger' : 'primary', disabled: true }, confirm)
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'command-title', onclose: () => end(undefined) },
    el(
      'form',
      { onsubmit: submit },
      el('h2', { id: 'command-title' }, outside(title)),
      about,
      preview,
      el('label', { class: 'field' }, 'Why? It is recorded with your key.', reason),
      problem.node,
      el('div', { class: 'buttons' }, el('button', { type: 'button', onclick: () => dialog.close() }, 'Leave it'), give),
    ),
  )
  document.body.append(dialog)
  dialog.showModal()
  reason.focus()
  look()
  return promise

  async function look() {
    try {
      // The rules do not depend on the reason, which nobody has written yet.
      const seen = await client.preview(path, { ...body, reason: 'only looked at' })
      preview.replaceChildren(...drawPreview(seen))
      give.disabled = seen.refusal !== null
    } catch (error) {
      preview.replaceChildren(el('p', { class: 'bad' }, `It would be refused: ${wordsOf(error)}`))
    }
  }

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault()
    give.disabled = true
    try {
      end(await client.command(path, { ...body, reason: reason.value }, attempt))
    } catch (error) {
      problem.show(error)
      problem.node.hidden = false
      give.disabled = false
    }
  }

  /** @param {import('./shapes.d.ts').Outcome | undefined} outcome */
  function end(outcome) {
    resolve(outcome)
    dialog.close()
    dialog.remove()
  }
}

/** @param {import('./shapes.d.ts').Preview} preview */
function drawPreview({ wouldRecord, changes, refusal }) {
  if (refusal !== null) {
    const facts = factsText(refusal.facts)
    return [el('p', { class: 'bad' }, `It would be refused: ${refusal.message}${facts === '' ? '' : ` (${facts})`}`)]
  }
  if (wouldRecord.length === 0) return [el('p', {}, 'It would change nothing: everything is already so.')]
  return [
    el('p', {}, 'It would record: ', el('strong', {}, wouldRecord.map(({ type }) => spelled(type)).join(', ')), '.'),
    ...(changes.length === 0 ? [] : [drawChanges(changes)]),
  ]
}

/** Field by field, before and after. @param {readonly import('./shapes.d.ts').Change[]} changes */
export const drawChanges = (changes) =>
  el(
    'ul',
    { class: 'changes' },
    ...changes.map(({ field, from, to }) =>
      el('li', {}, el('code', {}, outside(field)), drawValue('before', from, 'del'), drawValue('after', to, 'ins')),
    ),
  )

/** @param {string} label @param {unknown} value @param {'del' | 'ins'} tag */
function drawValue(label, value, tag) {
  const text = valueText(value)
  return el(
    tag,
    {},
    el('span', { class: 'label' }, `${label}: `),
    text.includes('\n') || text.length > 200 ? block(text, label) : outside(text),
  )
}
