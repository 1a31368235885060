/**
 * JSON for people and programs alike: the same value, but whatever a terminal could act on is written as an escape. JSON itself escapes only what
 * is below a blank; deletes, 8-bit controls and bidirectional overrides it lets through.
 */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** `indent` 0: one line. */
export const jsonText = (value: unknown, indent: 0 | 2 = 2): string => escapeUnseen(JSON.stringify(value, null, indent) ?? 'null')

/** A text that is JSON already. What stands between its values is ASCII, so every such character is inside a string. */
export const escapeUnseen = (json: string): string =>
  json.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  )
