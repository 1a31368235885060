// Filters the operations of the reference page while the reader types, and opens the one that a link names. Without it the page is complete.
const search = document.querySelector('#search')
const operations = [...document.querySelectorAll('article')]
const groups = [...document.querySelectorAll('main section[data-tag]')]
const none = document.querySelector('#none')

if (search instanceof HTMLInputElement) {
  search.hidden = false
  search.addEventListener('input', () => show(search.value.trim().toLowerCase()))
}

addEventListener('hashchange', showNamed)
showNamed()

function showNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  const details = named?.querySelector('details')
  if (!named || !details) return
  details.open = true
  named.scrollIntoView()
}

/** @param {string} words */
function show(words) {
  const wanted = words.split(/\s+/)
  for (const operation of operations) {
    const text = (operation.dataset['find'] ?? '').toLowerCase()
    operation.hidden = !wanted.every((word) => text.includes(word))
  }
  for (const group of groups) {
    if (group instanceof HTMLElement) group.hidden = group.querySelector('article:not([hidden])') === null
  }
  if (none instanceof HTMLElement) none.hidden = operations.some((operation) => !operation.hidden)
}
