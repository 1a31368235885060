/**
 * Text from outside on its way to the page: what cannot be seen is shown as escapes such as `\x1b` and `\u{202e}`, by the same rule as on a terminal
 * and in a review (`visible` of the domain; a test compares the two over all of Unicode).
 */

/** Controls, format characters and bidirectional overrides, zero width, tags, fillers, lone surrogates, odd line breaks. */
const UNSEEN = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`
/** Marks that are seen. More of them on one letter than any language needs paint over the lines above and below. */
const MARK = String.raw`[\p{M}--\p{Default_Ignorable_Code_Point}]`
const HIDDEN = new RegExp(`${UNSEEN}+|(?<=${MARK}{4})${MARK}+`, 'gv')

/**
 * The text in pieces: as it is, or escaped. Pieces of the two kinds are drawn differently, so that nobody can write an escape and pass for one.
 * @param {string} text
 * @param {{ lines?: boolean }} [options] lines: line feeds and tabs stay
 * @returns {{ text: string, escaped: boolean }[]}
 */
export function visibleParts(text, { lines = false } = {}) {
  const given = lines ? text.replaceAll('\r\n', '\n') : text
  const parts = []
  let from = 0
  for (const { 0: found, index } of given.matchAll(HIDDEN)) {
    if (index > from) parts.push({ text: given.slice(from, index), escaped: false })
    for (const character of found) {
      const kept = lines && (character === '\n' || character === '\t')
      parts.push({ text: kept ? character : escapeOf(character), escaped: !kept })
    }
    from = index + found.length
  }
  if (from < given.length) parts.push({ text: given.slice(from), escaped: false })
  return parts
}

/**
 * @param {string} text
 * @param {{ lines?: boolean }} [options]
 */
export const visible = (text, options) =>
  visibleParts(text, options)
    .map((part) => part.text)
    .join('')

/** @param {string} character */
function escapeOf(character) {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  const point = character.codePointAt(0) ?? 0
  return point <= 0xff ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`
}
