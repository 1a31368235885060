/**
 * The name that keeps one Steward apart from another on the same server: the PostgreSQL schema, and the prefix of streams in EventStoreDB.
 * Lower case and short, so that it is the same text everywhere, quoted or not, and fits PostgreSQL's 63 bytes with a suffix behind it.
 */

const FORM = /^[a-z][a-z0-9_-]{0,39}$/

/** @throws InvalidNamespace */
export function checkNamespace(namespace: string): string {
  if (!FORM.test(namespace)) {
    throw new InvalidNamespace(namespace, 'must begin with a letter a-z and hold at most 40 of a-z, 0-9, _ and -')
  }
  if (namespace.startsWith('pg_') || namespace === 'public' || namespace === 'information_schema') {
    throw new InvalidNamespace(namespace, 'is a schema of PostgreSQL itself')
  }
  return namespace
}

export class InvalidNamespace extends Error {
  override readonly name = 'InvalidNamespace'
  readonly namespace: string
  constructor(namespace: string, rule: string) {
    super(`namespace ${JSON.stringify(namespace)} ${rule}`)
    this.namespace = namespace
  }
}
