/**
 * Text from outside on its way into Markdown. Only ever as code: inside it there is no HTML, no link, no image, no mention, and no
 * automatic link; escaping punctuation stops most of those, but not all in every dialect.
 */
import { visible } from './visible.ts'

/** An inline code span. In a table a bar would end the cell in some dialects even inside code, so there it becomes U+2502. */
export function markdownCode(text: string, { inTable = false }: { inTable?: boolean } = {}): string {
  const line = inTable ? visible(text).replaceAll('|', '\u2502') : visible(text)
  // A span of nothing, or of spaces alone, is not a span.
  if (line.trim() === '') return '(empty)'
  const fence = '`'.repeat(longestRun(line) + 1)
  // CommonMark takes one space away on each side, so a text with a backtick or a space at its edge keeps it.
  return `${fence} ${line} ${fence}`
}

/** A fenced block on lines of its own, fenced longer than anything in it. */
export function markdownBlock(text: string): string {
  const lines = visible(text, { newlines: 'keep', tabs: 'keep' })
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1))
  return `${fence}text\n${lines}\n${fence}`
}

const longestRun = (text: string): number => Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
