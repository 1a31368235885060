/**
 * Takes the secrets out of a transport before anybody else sees it: each literal that looks like one is replaced by a reference to the file it will be
 * put into, and held where it cannot be printed. Nothing that this returns, but the held values, may be kept from anybody.
 */
import { Secret, type SecretReference } from '../ports/secrets.ts'
import type { Given, ServerTransport, StdioTransport } from '../server/config.ts'
import type { HeldSecret, Remark } from './found.ts'
import { looksSecret } from './looks-secret.ts'

export type Held = Readonly<{
  /** The reference that stands in its place from now on. */
  hold: (field: string, slug: string, value: string) => Readonly<{ secret: SecretReference }>
  secrets: readonly HeldSecret[]
  changes: readonly Remark[]
}>

/** `folder`: where the files will be, below the secret directory. */
export function holdSecrets(folder: string): Held {
  const secrets: HeldSecret[] = []
  const changes: Remark[] = []
  return {
    secrets,
    changes,
    hold(field, wanted, value) {
      const slug = freeSlug(wanted, new Set(secrets.map(({ slug }) => slug)))
      secrets.push({ field, slug, value: new Secret(value) })
      changes.push({ field, rule: 'secret-moved', says: 'looks like a secret, so it is put into a file, and a reference is recorded' })
      return { secret: referenceTo(folder, slug) }
    },
  }
}

export const referenceTo = (folder: string, slug: string): SecretReference => `file:${folder}/${slug}`

function freeSlug(wanted: string, taken: ReadonlySet<string>): string {
  const plain =
    wanted
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+/, '')
      .slice(0, 64) || 'secret'
  for (let number = 1; ; number++) {
    const slug = number === 1 ? plain : `${plain}-${number}`
    if (!taken.has(slug)) return slug
  }
}

/** Programs whose first argument that is no option names a package, which is no secret and must stay readable for the allow-list. */
const TAKES_PACKAGE: ReadonlySet<string> = new Set(['npx', 'uvx', 'bunx', 'pipx'])
const PACKAGE_LIKE = /^(?:@[a-z0-9][a-z0-9._-]{0,100}\/)?[a-z0-9][a-z0-9._-]{0,100}(?:@[0-9A-Za-z.+^~_-]{1,40})?$/i

export function takeFromArgs(command: string, args: readonly Given[], { hold }: Held): readonly Given[] {
  const program = command.slice(command.lastIndexOf('/') + 1)
  const packageAt = TAKES_PACKAGE.has(program) ? args.findIndex((arg) => typeof arg !== 'string' || !arg.startsWith('-')) : -1
  return args.map((arg, index) => {
    if (typeof arg !== 'string') return arg
    const before = args[index - 1]
    // A header's name may stand before a colon, a variable's before `=`: `--header "X-Key: ..."`, `-e KEY=...`.
    const [, own, ofOwn] = /^-{0,2}([A-Za-z][\w.-]{0,100})\s*[=:]\s*(.+)$/s.exec(arg) ?? []
    const option = typeof before === 'string' && !arg.startsWith('-') ? /^--?([A-Za-z][\w-]{0,100})$/.exec(before)?.[1] : undefined
    if (index === packageAt && option === undefined && PACKAGE_LIKE.test(arg) && !looksSecret(arg.replace(/@[^@/]*$/, ''))) return arg
    const isSecret = ofOwn !== undefined && own !== undefined && looksSecret(ofOwn, own)
    if (!isSecret && !looksSecret(arg, option)) return arg
    return hold(`transport.args.${index}`, isSecret ? (own ?? '') : (option ?? `argument-${index + 1}`), arg)
  })
}

export const takeFromRecord = (place: string, given: Readonly<Record<string, Given>>, { hold }: Held): Readonly<Record<string, Given>> =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' && looksSecret(value, name) && !isHarmlessName(name) ? hold(`${place}.${name}`, name, value) : value,
    ]),
  )

/** Headers that only say what is spoken. */
export const isHarmlessName = (name: string): boolean =>
  /^(?:accept(?:-language|-encoding)?|content-type|user-agent|cache-control)$/i.test(name)

export const takeFromStdio = (transport: StdioTransport, held: Held): StdioTransport => ({
  ...transport,
  args: takeFromArgs(transport.command, transport.args, held),
  env: takeFromRecord('transport.env', transport.env, held),
})

/** The same transport with other references, or without a member, by field. Fields that are not in it are told back. */
export function withGiven(
  transport: ServerTransport,
  given: ReadonlyMap<string, SecretReference | null>,
): Readonly<{ transport: ServerTransport; unknown: readonly string[] }> {
  const used = new Set<string>()
  const instead = (field: string, value: Given): readonly Given[] => {
    const reference = given.get(field)
    if (reference === undefined) return [value]
    used.add(field)
    return reference === null ? [] : [{ secret: reference }]
  }
  const record = (place: string, values: Readonly<Record<string, Given>>) =>
    Object.fromEntries(Object.entries(values).flatMap(([name, value]) => instead(`${place}.${name}`, value).map((put) => [name, put])))
  const changed: ServerTransport =
    transport.kind === 'stdio'
      ? {
          ...transport,
          args: transport.args.flatMap((arg, index) => instead(`transport.args.${index}`, arg)),
          env: record('transport.env', transport.env),
        }
      : withHttpGiven(transport, instead, record)
  return { transport: changed, unknown: [...given.keys()].filter((field) => !used.has(field)) }
}

function withHttpGiven(
  transport: Extract<ServerTransport, { kind: 'http' }>,
  instead: (field: string, value: Given) => readonly Given[],
  record: (place: string, values: Readonly<Record<string, Given>>) => Readonly<Record<string, Given>>,
): ServerTransport {
  const { pathEnd, ...rest } = transport
  const [end] = pathEnd === undefined ? [] : instead('transport.pathEnd', pathEnd)
  return {
    ...rest,
    query: record('transport.query', rest.query),
    headers: record('transport.headers', rest.headers),
    ...(end === undefined ? {} : { pathEnd: end }),
  }
}
