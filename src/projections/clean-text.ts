/** Events hold any text that JSON can; PostgreSQL cannot. What it has no room for becomes U+FFFD, in rows and in their keys alike. */

/** PostgreSQL has no NUL in text, and UTF-8 has no lone surrogates. */
export function cleanText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed()
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\ufffd') : wellFormed
}

/** `JSON.stringify` writes NUL and lone surrogates as escapes, and no other surrogates so. An escaped backslash is no beginning of one. */
export const cleanJson = (text: string): string =>
  text.includes('\\u')
    ? text.replace(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g, (sequence) => (/^\\u(?:0000|d)/.test(sequence) ? '\ufffd' : sequence))
    : text
