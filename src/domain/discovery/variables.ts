/** `${...}` in a client's configuration: what it stands for where that can be known without asking anybody, and otherwise why it cannot stay. */
import type { SecretReference } from '../ports/secrets.ts'

export type Expanded =
  | Readonly<{ kind: 'text'; text: string; expanded: boolean }>
  /** The whole value is a variable of the environment. */
  | Readonly<{ kind: 'reference'; secret: SecretReference }>
  | Readonly<{ kind: 'unknown'; rule: 'variable' | 'input-asked' | 'variable-in-text'; says: string }>

/** `folder`: where the file's workspace is. */
export function expandVariables(raw: string, { folder }: Readonly<{ folder: string }>): Expanded {
  const [, whole] = /^\$\{(?:env:)?([A-Za-z_]\w{0,200})\}$/.exec(raw) ?? []
  if (whole !== undefined && !KNOWN.has(whole)) return { kind: 'reference', secret: `env:${whole}` }
  let unknown: Extract<Expanded, { kind: 'unknown' }> | undefined
  const text = raw.replace(/\$\{([^}]{0,300})\}/g, (asWritten, inside: string) => {
    if (inside === 'workspaceFolder') return folder
    if (inside === 'pathSeparator' || inside === '/') return '/'
    unknown ??= whyUnknown(inside)
    return asWritten
  })
  return unknown ?? { kind: 'text', text, expanded: text !== raw }
}

const KNOWN: ReadonlySet<string> = new Set(['workspaceFolder', 'pathSeparator', 'userHome', 'workspaceFolderBasename'])

/** Its default, or whatever else stands behind the name, may be a secret, so only the name is told. */
function whyUnknown(inside: string): Extract<Expanded, { kind: 'unknown' }> {
  const [, kind, name] = /^(env|input):([\w.-]{1,100})$/.exec(inside) ?? []
  if (kind === 'input') {
    const says = `the editor asks a person for ${name}; put the whole value into a file of a secret directory and name that instead`
    return { kind: 'unknown', rule: 'input-asked', says }
  }
  const [variable] = /^[A-Za-z_]\w{0,99}(?=$|:-)/.exec(name ?? inside) ?? []
  if (variable !== undefined && !KNOWN.has(variable)) {
    const says = `${variable} is only a part of the value; put the whole value into a file of a secret directory and name that instead`
    return { kind: 'unknown', rule: 'variable-in-text', says }
  }
  return { kind: 'unknown', rule: 'variable', says: 'holds a variable of the editor that means nothing here; write out what it stands for' }
}
