/** The small language of remedy parameters: `${target.configPaths[0]}`, `${policy.ceilings[redis.maxmemory]?}`, `${baseline.way(hint.path)}`. */

export type Reference = Readonly<{
  path: readonly string[]
  /** Of a call: another plain reference. */
  argument: readonly string[] | undefined
  /** A trailing `?`: left out when it leads nowhere. */
  optional: boolean
}>

export class ReferenceMalformed extends Error {
  override readonly name = 'ReferenceMalformed'
}

export const referenceRoots = ['target', 'policy', 'baseline', 'hint'] as const

const PATH = /^[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[A-Za-z0-9_.-]+\])*$/

/** Undefined: the text is a literal. @throws ReferenceMalformed */
export function parseReference(text: string): Reference | undefined {
  if (!text.includes('${')) return undefined
  const inner = /^\$\{([^${}]*)\}$/.exec(text)?.[1]
  if (inner === undefined) throw new ReferenceMalformed(`a parameter is either a literal or one whole \${...}: ${text}`)
  const optional = inner.endsWith('?')
  const body = optional ? inner.slice(0, -1) : inner
  const call = /^([^()]+)\(([^()]+)\)$/.exec(body)
  return {
    path: steps(call?.[1] ?? body, text),
    argument: call?.[2] === undefined ? undefined : steps(call[2], text),
    optional,
  }
}

function steps(path: string, text: string): readonly string[] {
  if (!PATH.test(path)) throw new ReferenceMalformed(`cannot be read: ${text}`)
  const found = [...path.matchAll(/\[([^\]]+)\]|([A-Za-z0-9_]+)/g)].map((match) => match[1] ?? match[2] ?? '')
  if (!referenceRoots.some((root) => root === found[0])) {
    throw new ReferenceMalformed(`must begin with ${referenceRoots.join(', ')}: ${text}`)
  }
  return found
}
