/** Reads what a source file imports, with the line of each import. Works on the text, so it also sees files that do not compile. */

export type SourceFile = Readonly<{ path: string; text: string }>

export type ImportLine = Readonly<{
  /** As written: `zod`, `node:fs`, `../domain/instant.ts`. */
  specifier: string
  line: number
  /** Gone when the types are stripped. */
  typeOnly: boolean
}>

export function importLines({ text }: SourceFile): ImportLine[] {
  const code = blankComments(text)
  return [...code.matchAll(STATEMENT), ...code.matchAll(CALL)]
    .map((match) => ({
      specifier: match.groups?.['specifier'] ?? '',
      line: code.slice(0, match.index + match[0].search(/\S/)).split('\n').length,
      typeOnly: match.groups?.['type'] !== undefined || (match.groups?.['names'] !== undefined && onlyTypes(match.groups['names'])),
    }))
    .toSorted((one, other) => one.line - other.line)
}

/** `import x from 'y'`, `import 'y'`, `export { x } from 'y'`, over several lines. */
const STATEMENT =
  /^[ \t]*(?:import|export)\s+(?<type>type\s+(?!from\b))?(?:(?<names>[\w*$\s{},]+?)\s+from\s+)?(['"])(?<specifier>[^'"\n]+)\3/gm

/** `import('y')` as a value or inside a type, `require('y')`, `import.meta.resolve('y')`. */
const CALL = /\b(?:import|require|import\.meta\.resolve)\(\s*(['"])(?<specifier>[^'"\n]+)\1/g

/** `{ type A, type B }` leaves nothing to load once the types are stripped. */
function onlyTypes(names: string): boolean {
  const list = /^\{(?<inner>[^}]*)\}$/.exec(names.trim())?.groups?.['inner']
  const items = (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  return items.length > 0 && items.every((item) => item.startsWith('type '))
}

/** Comments become blanks of the same length, so that line numbers stay. A `//` inside quotes, as in an address, is no comment. */
function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/(?![^\n]*['"`])[^\n]*|^\s*\/\/[^\n]*/gm, (comment) => comment.replace(/[^\n]/g, ' '))
}
