/**
 * The page of Steward: signs a person in, keeps one live connection, and shows the view that the address names. The key lives in the memory of this
 * tab alone (`sessionStorage`), and goes nowhere but into headers of requests to where the page came from.
 */
import { createClient, Refusal, wordsOf } from './api.js'
import { el, redraw } from './dom.js'
import { openEvents } from './events.js'
import { openFleet } from './fleet.js'
import { openIncident, openIncidents } from './incidents.js'
import { openLive } from './live.js'
import { openServer } from './server.js'
import { count, duration, localTime, tick } from './words.js'

const KEY = 'steward-key'
const CHANNELS = ['servers', 'health', 'metrics', 'errors', 'events', 'incidents']
const TELL_MS = 6_000

/** @template {HTMLElement} Kind @param {string} id @param {new () => Kind} kind @returns {Kind} */
function part(id, kind) {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new TypeError(`the page has no #${id}`)
  return found
}
const form = part('sign-in', HTMLFormElement)
const field = part('key', HTMLInputElement)
const formProblem = part('sign-in-problem', HTMLElement)
const header = part('header', HTMLElement)
const identity = part('identity', HTMLElement)
const mark = part('live', HTMLElement)
const banner = part('banner', HTMLElement)
const bannerSays = part('banner-says', HTMLElement)
const main = part('main', HTMLElement)
const toast = part('toast', HTMLElement)

/** @type {Readonly<{ desk: import('./shapes.d.ts').Desk, end: () => void }> | undefined} */
let session
/** @type {import('./shapes.d.ts').View | undefined} */
let view

form.addEventListener('submit', (event) => {
  event.preventDefault()
  signIn(field.value.trim())
})
part('sign-out', HTMLButtonElement).addEventListener('click', () => signOut(''))
addEventListener('hashchange', show)
setInterval(tick, 1_000)

const kept = sessionStorage.getItem(KEY)
if (kept === null) showForm('')
else signIn(kept)

/** @param {string} says */
function showForm(says) {
  form.hidden = false
  header.hidden = true
  main.hidden = true
  banner.hidden = true
  redraw(formProblem, says, () => says)
  formProblem.hidden = says === ''
  document.title = 'Steward'
  field.focus()
}

/** @param {string} key */
async function signIn(key) {
  formProblem.hidden = true
  const client = createClient({
    key,
    onUnknownKey: () => session && signOut('This key is no longer good. It was revoked, or it has expired.'),
  })
  try {
    if (!/^[\x21-\x7e]{16,512}$/.test(key)) throw new Refusal({ status: 401, code: 'UNAUTHENTICATED', message: '' })
    begin(client, await client.get('/api/v1/whoami'))
  } catch (error) {
    const isUnknown = error instanceof Refusal && error.status === 401
    if (isUnknown) sessionStorage.removeItem(KEY)
    showForm(isUnknown ? 'Steward does not know this key. It may be mistyped, revoked or expired.' : wordsOf(error))
  }
}

/** @param {import('./api.js').Client} client @param {import('./shapes.d.ts').OwnKey} me */
function begin(client, me) {
  sessionStorage.setItem(KEY, client.key)
  field.value = ''
  form.hidden = true
  header.hidden = false
  main.hidden = false
  redraw(identity, me, () => `${me.name}, ${me.role}`)
  /** @type {import('./shapes.d.ts').Desk['may']} */
  const may = (permission) => me.permissions.includes(permission)
  /** @type {import('./shapes.d.ts').LiveState} */
  let state = { kind: 'connecting' }
  let wasAway = false
  const live = openLive({
    key: client.key,
    channels: CHANNELS.filter((channel) =>
      may(channel === 'events' ? 'mcp:view_events' : channel === 'incidents' ? 'incidents:view' : 'mcp:view_servers'),
    ),
    onMessage: (message) => view?.hear(message),
    onState(now) {
      state = now
      // What the connection missed it tells afterwards; what is shown is asked for anew all the same, also while it cannot be had at all.
      if (now.kind === 'away' || (now.kind === 'live' && wasAway)) view?.refresh()
      wasAway = now.kind === 'away'
      drawLive(now)
    },
    onUnknownKey: () => signOut('This key is no longer good. It was revoked, has expired, or has another role now: sign in again.'),
    whyRefused: () =>
      client
        .get('/api/v1/whoami')
        .then(
          () =>
            `Steward answers, but lets no live connection in from ${location.origin}: STEWARD_PUBLIC_URL must name this address. The page asks from time to time instead.`,
          wordsOf,
        ),
  })
  const timer = setInterval(() => drawLive(state), 1_000)
  session = {
    desk: { client, me, may, tell },
    end() {
      clearInterval(timer)
      live.close()
    },
  }
  show()
}

/** @param {string} says */
function signOut(says) {
  sessionStorage.removeItem(KEY)
  session?.end()
  session = undefined
  view?.close()
  view = undefined
  main.replaceChildren()
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  showForm(says)
}

/** @param {import('./shapes.d.ts').LiveState} state */
function drawLive(state) {
  mark.dataset['state'] = state.kind
  const word = state.kind === 'live' ? 'live' : state.kind === 'away' ? 'not live' : 'connecting'
  if (mark.textContent !== word) mark.textContent = word
  banner.hidden = state.kind !== 'away'
  document.body.classList.toggle('stale', state.kind === 'away')
  if (state.kind !== 'away') return
  const seconds = Math.max(0, Math.ceil((state.retryAtMs - Date.now()) / 1_000))
  redraw(bannerSays, [state.says, state.sinceMs], () => [
    el('strong', {}, 'Not live since '),
    el('strong', {}, localTime(new Date(state.sinceMs).toISOString())),
    `. ${state.says}`,
  ])
  part('banner-retry', HTMLElement).textContent =
    `For ${duration(Date.now() - state.sinceMs)}. ${seconds === 0 ? 'Trying again.' : `Trying again in ${count(seconds, 'second')}.`}`
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling

/** @param {string} text */
function tell(text) {
  clearTimeout(telling)
  toast.replaceChildren(el('span', {}, text))
  telling = setTimeout(() => toast.replaceChildren(), TELL_MS)
}

function show() {
  if (session === undefined) return
  view?.close()
  const { desk } = session
  const [place = '', id] = location.hash.replace(/^#\/?/, '').split('/')
  view =
    place === 'servers' && id !== undefined
      ? openServer(desk, id)
      : place === 'incidents' && id !== undefined
        ? openIncident(desk, id)
        : place === 'incidents'
          ? openIncidents(desk)
          : place === 'events'
            ? openEvents(desk)
            : openFleet(desk)
  document.title = `${view.title} – Steward`
  for (const link of header.querySelectorAll('nav a')) {
    const isHere = link.getAttribute('href') === `#/${place === 'servers' ? '' : place}`
    if (isHere) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  main.replaceChildren(view.node)
  main.focus({ preventScroll: true })
  scrollTo(0, 0)
}
