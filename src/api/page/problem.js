/** The place in a view where it says what it could not find out. It goes as soon as an answer comes. */
import { Refusal, wordsOf } from './api.js'
import { el, redraw } from './dom.js'

export function createProblem() {
  const node = el('p', { class: 'problem', role: 'alert', hidden: true })
  return {
    node,
    /** @param {unknown} error @param {string} [says] in place of its own words */
    show(error, says = wordsOf(error)) {
      redraw(node, says, () => says)
      // That Steward is away is said at the top of the page, once.
      node.hidden = error instanceof Refusal && error.status === 0
    },
    clear() {
      node.hidden = true
    },
  }
}
