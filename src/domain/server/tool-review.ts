/**
 * What a person should know before approving a definition: which parts of it are not as they were approved, and which hold characters that nobody
 * sees. A model reads those as well, and a sentence can stand in them that is in no review.
 */
import { diffValues, type FieldChange } from '../diff-values.ts'
import type { Json } from '../ports/json.ts'
import { visible } from '../text/visible.ts'
import type { ToolDefinition } from './tool.ts'

/** At most so many are told: whoever changes more has changed everything. */
const MOST_PARTS = 100

/** Of a tool that nobody has approved yet: nothing, since there is nothing to compare with. */
export const changedParts = (approved: ToolDefinition | undefined, offered: ToolDefinition): readonly FieldChange[] =>
  approved === undefined
    ? []
    : diffValues(approved, offered)
        .slice(0, MOST_PARTS)
        .map((change) => ({ ...change, field: visible(change.field) }))

export type HiddenCharacters = Readonly<{
  /** Dotted path of the text, or of the member whose name it is. */
  field: string
  /** `U+202E`, each once. */
  characters: readonly string[]
}>

export function hiddenIn(definition: ToolDefinition): readonly HiddenCharacters[] {
  const found: HiddenCharacters[] = []
  const look = (text: string, path: readonly string[]): void => {
    if (found.length >= MOST_PARTS) return
    const characters = new Set(Array.from(withoutEmoji(text).matchAll(HIDDEN), ([character]) => codePointOf(character)))
    if (characters.size > 0) found.push({ field: visible(path.join('.')), characters: [...characters] })
  }
  const walk = (value: Json | undefined, path: readonly string[]): void => {
    if (typeof value === 'string') look(value, path)
    if (value === null || typeof value !== 'object') return
    for (const [name, member] of Object.entries(value)) {
      look(name, [...path, name])
      walk(member, [...path, name])
    }
  }
  walk({ ...definition }, [])
  return found
}

/**
 * Controls but tab and line breaks; format characters, among them the bidirectional ones; everything that Unicode lets a reader ignore: zero width,
 * tags, variation selectors, fillers; halves of surrogate pairs; odd line breaks.
 */
const HIDDEN = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?![\t\n\r])\p{Cc}/gu

/** A family, a flag or a warning sign is put together with joiners and selectors that belong there. */
const withoutEmoji = (text: string): string => text.replace(EMOJI, '')
const EMOJI = /\p{RGI_Emoji}|\p{Emoji}\ufe0f/gv

const codePointOf = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
