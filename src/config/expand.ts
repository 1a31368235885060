/**
 * `${NAME}`, `${NAME:-fallback}` and `${file:path}` inside the strings of a parsed file; `$${` stands for `${`. After parsing, so that a
 * value can never become YAML; once, so that a value can never become a reference.
 */
export type ExpandOptions = Readonly<{
  environment: Readonly<Record<string, string | undefined>>
  /** Throws when the file cannot be read. */
  readFile: (path: string) => string
}>

/** `fromFile`: some of it came out of a file, so it is treated as a secret when it is printed. */
export type Expanded = Readonly<{ kind: 'value'; text: string; fromFile: boolean }> | Readonly<{ kind: 'broken'; rule: string }>

export function expand(text: string, { environment, readFile }: ExpandOptions): Expanded {
  let rule: string | undefined
  let fromFile = false
  const expanded = text.replace(REFERENCE, (whole, escaped: string | undefined, inside: string | undefined) => {
    if (escaped !== undefined) return '${'
    const [, path] = /^file:(.+)$/s.exec(inside ?? '') ?? []
    if (path !== undefined) {
      fromFile = true
      try {
        return readFile(path).replace(/\r?\n$/, '')
      } catch (error) {
        rule ??= `refers to the file ${path}, which cannot be read (${codeOf(error)})`
        return ''
      }
    }
    const [, name, , fallback] = /^([A-Za-z_]\w*)(:-(.*))?$/s.exec(inside ?? '') ?? []
    if (name === undefined) {
      rule ??= `holds ${whole}, which is none of \${NAME}, \${NAME:-fallback}, \${file:path}; write $\${ for a plain \${`
      return ''
    }
    const value = environment[name]
    // As in a shell: the fallback of `:-` stands in for what is empty, too.
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
    if (value === undefined) rule ??= `refers to the environment variable ${name}, which is not set`
    return value ?? ''
  })
  return rule === undefined ? { kind: 'value', text: expanded, fromFile } : { kind: 'broken', rule }
}

const REFERENCE = /(\$\$\{)|\$\{([^}]*)(?:\}|$)/g

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unreadable')
