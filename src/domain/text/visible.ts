/**
 * Makes what cannot be seen visible: controls, bidirectional overrides, zero-width and other ignorable characters become escapes such as
 * `\x1b` and `\u{202e}`. What remains has no effect on the place where it is shown, and nobody can hide in it.
 */
export type VisibleOptions = Readonly<{
  /** `keep` leaves line feeds, and turns CR LF into one. Default `escape`: the text stays one line. */
  newlines?: 'keep' | 'escape'
  /** Default `escape`. */
  tabs?: 'keep' | 'escape'
}>

export function visible(text: string, { newlines = 'escape', tabs = 'escape' }: VisibleOptions = {}): string {
  const lines = newlines === 'keep' ? text.replaceAll('\r\n', '\n') : text
  return lines
    .replace(UNSEEN, (character) =>
      (newlines === 'keep' && character === '\n') || (tabs === 'keep' && character === '\t') ? character : escapeOf(character),
    )
    .replace(STACKED_MARKS, (_, base: string, rest: string) => base + Array.from(rest, escapeOf).join(''))
}

/** Cc: C0, DEL, C1. Cf and default ignorable: bidi, zero width, tags, variation selectors, fillers. Cs: lone surrogates. Zl, Zp: line breaks. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** More marks on one letter than any language needs paint over the lines above and below. */
const STACKED_MARKS = /(\p{M}{4})(\p{M}+)/gu

function escapeOf(character: string): string {
  switch (character) {
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
  }
  const point = character.codePointAt(0) ?? 0
  return point <= 0xff ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`
}
