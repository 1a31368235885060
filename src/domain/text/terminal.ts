/** Text from outside on its way to a terminal: it may be read there, and nothing else. */
import { visible } from './visible.ts'

/** One line, whatever was in it: no sequence that moves the cursor, sets the title, fills the clipboard, or forges a second line. */
export const forTerminal = (text: string): string => visible(text)

/**
 * Several lines, each behind a gutter of ours, so that no line of theirs can pass for one of ours.
 * Tabs stay; the gutter is the caller's own text and is not changed.
 */
export const terminalBlock = (text: string, gutter = '  | '): string =>
  visible(text, { newlines: 'keep', tabs: 'keep' })
    .split('\n')
    .map((line) => gutter + line)
    .join('\n')
