/** Patterns of a schema, run by RE2: in time that grows with the text, whatever the pattern. */
import { RE2JS } from 're2js'
import { UnusableSchema } from '../../domain/ports/schema-check.ts'
import { quoted, type Run } from './run.ts'

/** A longer one is no pattern but a list, and each character of it costs for each character of the text. */
const LONGEST = 1_000

export type Pattern = (text: string, run: Run) => boolean

/** @throws UnusableSchema it is too long, or needs what cannot be had in linear time: look-around, back references. */
export function compilePattern(source: string): Pattern {
  if (source.length > LONGEST) throw new UnusableSchema(`a pattern in it has more than ${LONGEST} characters`)
  let expression: RE2JS
  try {
    expression = RE2JS.compile(asRe2(source))
  } catch {
    throw new UnusableSchema(`the pattern ${quoted(source)} cannot be run in linear time`)
  }
  const stepsPerCharacter = Math.max(1, source.length / 16)
  return (text, run) => {
    run.spend(Math.ceil((text.length * stepsPerCharacter) / 16))
    return expression.matcher(text).find()
  }
}

/** What ECMA-262 writes otherwise: escapes of characters that need none, `\cX`, `\uXXXX`, `$` for the end of the text only, `[^]` for anything. */
function asRe2(source: string): string {
  let inClass = false
  return source.replace(
    /\\u\{([0-9a-fA-F]{1,6})\}|\\u([0-9a-fA-F]{4})|\\c([A-Za-z])|\\([\s\S])|\[\^\]|[[\]$]/g,
    (found, point, unit, control, escaped) => {
      if (point ?? unit) return `\\x{${point ?? unit}}`
      if (control) return `\\x{${(control.charCodeAt(0) % 32).toString(16)}}`
      if (escaped !== undefined) return escapeOf(escaped, inClass)
      if (found === '[^]') return inClass ? found : '(?s:.)'
      if (found === '[' && inClass) return '\\['
      if (found === '[') inClass = true
      if (found === ']') inClass = false
      return found === '$' && !inClass ? '\\z' : found
    },
  )
}

function escapeOf(escaped: string, inClass: boolean): string {
  if (escaped === 'b' && inClass) return '\\x{8}'
  if (escaped === '0') return '\\x{0}'
  // White space of ECMA-262 is more than that of RE2.
  if (escaped === 's') return inClass ? SPACE : `[${SPACE}]`
  if (escaped === 'S' && !inClass) return `[^${SPACE}]`
  if (/[A-Za-z0-9]/.test(escaped)) return `\\${escaped}`
  return /[\\^$.*+?()[\]{}|/-]/.test(escaped) ? `\\${escaped === '/' ? 'x{2f}' : escaped}` : escaped
}

const SPACE = '\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}'
