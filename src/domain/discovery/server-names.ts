/** Names for servers that were found: as near to the name in the file as the rules of names allow, and each only once. */

const LONGEST = 64

/** Valid by `violationsOfName`. `GitHub (work)` becomes `github-work`. */
export function proposeName(raw: string, taken: ReadonlySet<string> = new Set()): string {
  const plain = raw
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+/, '')
  const base = shorten(plain, LONGEST) || 'server'
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : `-${number}`
    const name = shorten(base, LONGEST - suffix.length) + suffix
    if (!taken.has(name)) return name
  }
}

const shorten = (name: string, length: number): string => name.slice(0, length).replace(/[-_]+$/, '')
