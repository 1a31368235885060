/** Text from outside on its way into HTML: text only, in an element or in a quoted attribute. Never into a script, a style or a URL. */
import { visible } from './visible.ts'

export const forHtml = (text: string): string =>
  visible(text, { newlines: 'keep', tabs: 'keep' }).replace(/[&<>"'`=]/g, (character) => ENTITIES.get(character) ?? character)

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
  // Old parsers let a backtick quote an attribute; an equals sign starts one where a quote was forgotten.
  ['`', '&#96;'],
  ['=', '&#61;'],
])
