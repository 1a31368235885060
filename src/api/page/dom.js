/**
 * The one way by which anything gets on the page. Text becomes text nodes and never markup, and everything unseen in it is shown by its code point:
 * also in attributes, and whoever wrote it, so that no view can forget.
 */
import { visible, visibleParts } from './visible.js'

/** @typedef {Node | string | number | null | undefined | false | readonly Child[]} Child */

/**
 * `el('a', { class: 'name', href: '#/' }, 'Servers')`. A function under `onclick` and the like is a listener; `true` is an attribute without a value.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | number | boolean | null | undefined | ((event: any) => void)>>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, visible(String(value)))
  }
  element.append(...nodesOf(children))
  return element
}

/**
 * @param {Child} child
 * @returns {Node[]}
 */
function nodesOf(child) {
  if (child === null || child === undefined || child === false) return []
  if (child instanceof Node) return [child]
  if (typeof child === 'object') return child.flatMap(nodesOf)
  return textNodes(String(child))
}

/**
 * @param {string} text
 * @param {{ lines?: boolean }} [options]
 * @returns {Node[]}
 */
const textNodes = (text, options) =>
  visibleParts(text, options).map((part) => {
    if (!part.escaped) return document.createTextNode(part.text)
    const mark = document.createElement('span')
    mark.className = 'unseen'
    mark.textContent = part.text
    return mark
  })

/**
 * Words of a server inside a sentence of ours: whichever way its letters run, they do not turn ours around.
 * @param {string} text
 */
export const outside = (text) => el('bdi', {}, text)

/**
 * Several lines from outside. Can be scrolled by keyboard.
 * @param {string} text
 * @param {string} label
 */
export function block(text, label) {
  const pre = el('pre', { tabindex: 0, role: 'region', 'aria-label': label, 'data-key': label })
  pre.append(...textNodes(text, { lines: true }))
  return pre
}

/** @type {WeakMap<Element, string>} */
const drawn = new WeakMap()

/**
 * Draws an element anew when what it shows has changed, and only then: what somebody selects or has opened in it stays.
 * @param {Element} element
 * @param {unknown} data what decides how it looks
 * @param {() => Child} draw
 */
export function redraw(element, data, draw) {
  const now = JSON.stringify(data) ?? ''
  if (drawn.get(element) === now) return
  drawn.set(element, now)
  const had =
    document.activeElement instanceof HTMLElement && element.contains(document.activeElement) ? keyOf(document.activeElement) : null
  const open = new Set([...element.querySelectorAll('details[open]')].map(keyOf))
  const scrolled = new Map([...element.querySelectorAll('pre')].map((pre) => [keyOf(pre), pre.scrollTop]))
  element.replaceChildren(...nodesOf(draw()))
  for (const details of element.querySelectorAll('details')) if (open.has(keyOf(details))) details.open = true
  for (const pre of element.querySelectorAll('pre')) pre.scrollTop = scrolled.get(keyOf(pre)) ?? 0
  if (had === null) return
  const again = [...element.querySelectorAll('a, button, summary, pre, input, select')].find((each) => keyOf(each) === had)
  if (again instanceof HTMLElement) again.focus({ preventScroll: true })
}

/** @param {Element} element */
const keyOf = (element) =>
  `${element.tagName} ${element.getAttribute('data-key') ?? element.getAttribute('href') ?? element.querySelector('summary')?.textContent ?? element.textContent}`

/** @type {WeakMap<Element, Map<string, HTMLElement>>} */
const kept = new WeakMap()

/**
 * Makes the children of an element one for each item, in their order. A child stays the same element as long as its item is there.
 * @template Item
 * @param {Element} parent
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, make: () => HTMLElement, draw: (item: Item, element: HTMLElement) => void }} how
 */
export function list(parent, items, { key, make, draw }) {
  const before = kept.get(parent) ?? new Map()
  const now = new Map(items.map((item) => [key(item), before.get(key(item)) ?? make()]))
  kept.set(parent, now)
  for (const item of items) {
    const element = now.get(key(item))
    if (element) draw(item, element)
  }
  for (const [name, element] of before) if (!now.has(name)) element.remove()
  // Only what stands in the wrong place is moved: a moved element loses its focus.
  let at = parent.firstElementChild
  for (const element of now.values()) {
    if (element === at) at = element.nextElementSibling
    else parent.insertBefore(element, at)
  }
}
