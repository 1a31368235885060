/** Reads base64 of NUL-ended fields: the form in which our scripts print names, because no name can forge a field. Anything else proves nothing. */

/** A name that is not UTF-8 reads with U+FFFD: it can be shown, and never names a file that we would touch. */
export function decodeFields(printed: string): readonly string[] | undefined {
  const base64 = printed.trim()
  if (base64 === '') return []
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return undefined
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const text = new TextDecoder().decode(bytes)
  return text.endsWith('\0') ? text.slice(0, -1).split('\0') : undefined
}
