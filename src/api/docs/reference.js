// Filters the operations of the reference page while the reader types. Without it the page is complete, only longer.
const search = document.querySelector('#search')
const operations = [...document.querySelectorAll('article')]
const groups = [...document.querySelectorAll('main section[data-tag]')]
const none = document.querySelector('#none')

if (search instanceof HTMLInputElement) {
  search.hidden = false
  search.addEventListener('input', () => show(search.value.trim().toLowerCase()))
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
