/**
 * Fills the parameters of a remedy: literals stay, `${...}` is looked up in the target, the policy, the baseline and the hints. What is missing is
 * named, and the remedy does not apply: nothing is ever made up. A trailing `?` leaves a parameter out instead.
 */
import type { PolicyRules } from '../policy.ts'
import type { Json, JsonObject } from '../ports/json.ts'
import type { BaselineEntry } from '../target/events.ts'
import type { Hints, Remedy } from './fault.ts'
import type { TargetInventory } from './inventory.ts'
import { parseReference, type Reference } from './reference.ts'

export type RemedyContext = Readonly<{
  target: TargetInventory
  policy: PolicyRules
  baseline: ReadonlyMap<string, BaselineEntry>
  /** By name, e.g. `redis.maxmemory`. */
  limits?: Readonly<Record<string, number>>
  hints: Hints
}>

export type Resolved =
  | Readonly<{ kind: 'resolved'; params: JsonObject }>
  | Readonly<{ kind: 'missing'; parameter: string; reference: string }>

export function resolveRemedy(remedy: Remedy, context: RemedyContext): Resolved {
  const params: Record<string, Json> = {}
  for (const [parameter, value] of Object.entries(remedy.params)) {
    const filled = fill(value, context)
    if (filled.kind === 'missing') return { kind: 'missing', parameter, reference: filled.reference }
    if (filled.kind === 'value') params[parameter] = filled.value
  }
  return { kind: 'resolved', params }
}

type Filled = Readonly<{ kind: 'value'; value: Json }> | Readonly<{ kind: 'left-out' }> | Readonly<{ kind: 'missing'; reference: string }>

function fill(value: Json, context: RemedyContext): Filled {
  if (typeof value === 'string') return fillText(value, context)
  if (value === null || typeof value !== 'object') return { kind: 'value', value }
  if (isList(value)) {
    const items: Json[] = []
    for (const item of value) {
      const filled = fill(item, context)
      if (filled.kind === 'missing') return filled
      if (filled.kind === 'value') items.push(filled.value)
    }
    return { kind: 'value', value: items }
  }
  const fields: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    const filled = fill(item, context)
    if (filled.kind === 'missing') return filled
    if (filled.kind === 'value') fields[key] = filled.value
  }
  return { kind: 'value', value: fields }
}

/** The whole text must be one reference: joining words is how a path is made that nobody recorded. */
function fillText(text: string, context: RemedyContext): Filled {
  const reference = parseReference(text)
  if (reference === undefined) return { kind: 'value', value: text }
  const value = lookUp(reference, context)
  if (value !== undefined) return { kind: 'value', value }
  return reference.optional ? { kind: 'left-out' } : { kind: 'missing', reference: text }
}

function lookUp(reference: Reference, context: RemedyContext): Json | undefined {
  const [root, second] = reference.path
  if (reference.argument !== undefined) {
    const argument = lookUp({ path: reference.argument, argument: undefined, optional: false }, context)
    if (typeof argument !== 'string') return undefined
    if (root === 'target' && second === 'backend') return backendAt(context.target, argument)
    if (root === 'baseline' && second === 'way') return wayTo(argument, context)
    if (root === 'baseline' && second === 'at') return wayPoint(context.baseline.get(argument))
    return undefined
  }
  switch (root) {
    case 'target':
      return descend({ ...context.target }, reference.path.slice(1))
    case 'policy':
      return descend({ ...context.policy, auto: [] }, reference.path.slice(1))
    case 'hint':
      return descend({ ...context.hints }, reference.path.slice(1))
    case 'baseline':
      if (second === 'contents') return contents(context.baseline)
      if (second === 'directory') return wayPoint([...context.baseline.values()].find(({ kind }) => kind === 'directory'))
      if (second === 'limits') return descend({ ...context.limits }, reference.path.slice(2))
      return undefined
    default:
      return undefined
  }
}

function descend(value: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = value
  for (const key of path) {
    if (at === undefined || at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) return undefined
    at = isList(at) ? at[Number(key)] : at[key]
  }
  return at
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

function backendAt({ connection }: TargetInventory, address: string): Json | undefined {
  if (connection?.kind !== 'nginx') return undefined
  const found = connection.backends?.find((backend) => backend.address === address)
  return found && { ...found, control: { ...found.control } }
}

/** Files whose last known good content lies on the host. */
function contents(baseline: ReadonlyMap<string, BaselineEntry>): Json | undefined {
  const files = [...baseline.values()].flatMap(({ path, mode, uid, gid, sha256 }) =>
    sha256 === undefined ? [] : [{ path, sha256, mode, uid, gid }],
  )
  return files.length === 0 ? undefined : files
}

const wayPoint = (entry: BaselineEntry | undefined): JsonObject | undefined =>
  entry && entry.kind !== 'symlink' ? { path: entry.path, mode: entry.mode, uid: entry.uid, gid: entry.gid } : undefined

/** The recorded entries from a served root down to the path. A gap, a link or a path outside of every root: nothing is known, so nothing is given. */
function wayTo(path: string, { target, baseline }: RemedyContext): Json | undefined {
  const isSpelledPlainly =
    path.startsWith('/') &&
    !path
      .split('/')
      .slice(1)
      .some((segment) => segment === '' || segment === '.' || segment === '..')
  if (!isSpelledPlainly) return undefined
  const named = target.connection?.kind === 'nginx' ? target.connection.roots : undefined
  const way: JsonObject[] = []
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const entry = wayPoint(baseline.get(path.slice(0, end)))
    if (entry === undefined) break
    way.unshift(entry)
  }
  const root = named === undefined ? 0 : way.findIndex((entry) => named.some((one) => one === entry['path']))
  const below = root === -1 ? [] : way.slice(root)
  // The root alone is a directory that everything hangs on; what is asked for must lie below it.
  return below.length < 2 ? undefined : below
}
