/** A server that was found, as a person wants it: under another name, in an exact version, with references of his own in place of what cannot be carried over. */
import type { SecretReference } from '../ports/secrets.ts'
import { type Violation, violationsOfName } from '../server/config-rules.ts'
import { withPackageVersion } from '../server/upgrade.ts'
import type { FoundServer, Remark } from './found.ts'
import { checkedConfig } from './read-client-file.ts'
import { withGiven } from './take-secrets.ts'

export type Adjustment = Readonly<{
  name?: string
  /** Of the package that npx starts: a range may be another program tomorrow, so an entry without a version needs one. */
  version?: string
  /** By field: the reference that stands there instead; null leaves the member out. */
  given?: Readonly<Record<string, SecretReference | null>>
}>

export function adjustFound(found: FoundServer, { name = found.name, version, given = {} }: Adjustment): FoundServer {
  const problems: Remark[] = [...violationsOfName(name)]
  if (!found.config) return { ...found, name, problems: [...found.problems, ...problems] }
  const fields = new Map(Object.entries(given))
  const { transport, unknown } = withGiven(found.config.transport, fields)
  problems.push(...unknown.map((field) => ({ field: `given.${field}`, rule: 'unknown-field', says: 'is no value of this server' })))
  let config = { ...found.config, transport }
  if (version !== undefined) {
    const upgraded = withPackageVersion(config, version)
    if (upgraded.kind === 'config') config = upgraded.config
    else problems.push({ field: 'version', rule: upgraded.rule, says: upgraded.says })
  }
  // What registering would refuse is asked of the adjusted one; what could not be read is still wrong, unless something stands there now.
  const refusedBefore = new Set(checkedConfig(found.source.entry, undefined, found.config.transport).problems.map(identityOf))
  const unread = found.problems.filter((problem) => !refusedBefore.has(identityOf(problem)) && !fields.has(problem.field))
  return {
    ...found,
    ...{ name, config },
    secrets: found.secrets.filter(({ field }) => !fields.has(field)),
    problems: [...unread, ...checkedConfig(found.source.entry, undefined, config.transport).problems, ...problems],
  }
}

const identityOf = ({ field, rule }: Pick<Violation, 'field' | 'rule'>): string => `${field} ${rule}`
