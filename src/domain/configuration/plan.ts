/** What has to happen so that the servers are as a document describes them: the same plan for a restored backup and for a file that has changed. */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { Json } from '../ports/json.ts'
import type { ServerConfig } from '../server/config.ts'
import { diffConfigs, type FieldChange } from '../server/config-diff.ts'
import type { RegisteredServer } from '../server/state.ts'
import type { DescribedServer } from './read-servers.ts'

/** One command each, in this order. */
export type ConfigurationStep =
  | Readonly<{ kind: 'retire'; serverId: string; name: string }>
  | Readonly<{ kind: 'create'; name: string; enabled: boolean; config: ServerConfig }>
  | Readonly<{ kind: 'change'; serverId: string; name: string; config: ServerConfig }>
  | Readonly<{ kind: 'enable'; serverId: string; name: string }>
  | Readonly<{ kind: 'disable'; serverId: string; name: string }>

export type ServerPlan = Readonly<{
  name: string
  serverId: string | undefined
  steps: readonly ConfigurationStep['kind'][]
  diff: readonly FieldChange[]
}>

export type ConfigurationPlan = Readonly<{
  steps: readonly ConfigurationStep[]
  /** Of every server that the document or the fleet has, by name. No steps: it is as described, or not described and left alone. */
  servers: readonly ServerPlan[]
  /** Another one: it is not the plan that somebody has looked at. */
  hash: string
}>

const ORDER = ['disable', 'retire', 'create', 'change', 'enable'] as const satisfies readonly ConfigurationStep['kind'][]

/** `retireOthers`: what the document does not describe goes. Otherwise it is left alone. */
export function planConfiguration(
  current: readonly RegisteredServer[],
  described: readonly DescribedServer[],
  { retireOthers, hash }: Readonly<{ retireOthers: boolean; hash: Hash }>,
): ConfigurationPlan {
  const there = new Map(current.map((server) => [server.name, server]))
  const wanted = new Map(described.map((server) => [server.name, server]))
  const names = [...new Set([...there.keys(), ...wanted.keys()])].sort()
  const all = names.map((name) => ({ name, ...planServer(there.get(name), wanted.get(name), retireOthers) }))
  const steps = ORDER.flatMap((kind) => all.flatMap(({ steps }) => steps.filter((step) => step.kind === kind)))
  return {
    steps,
    servers: all.map(({ name, steps, diff }) => ({
      name,
      serverId: there.get(name)?.serverId,
      steps: steps.map(({ kind }) => kind),
      diff,
    })),
    hash: hash.sha256(canonicalJson(asJson(steps))),
  }
}

type Planned = Readonly<{ steps: readonly ConfigurationStep[]; diff: readonly FieldChange[] }>

function planServer(is: RegisteredServer | undefined, should: DescribedServer | undefined, retireOthers: boolean): Planned {
  if (!should) {
    // Built-in servers are no part of a configuration; they cannot be retired either.
    if (!retireOthers || is === undefined || is.builtIn) return { steps: [], diff: [] }
    const { serverId, name } = is
    // Retiring disables as well, but what is restored stays disabled: with a step of its own, an undo enables it again.
    return { steps: [...(is.enabled ? [{ kind: 'disable', serverId, name } as const] : []), { kind: 'retire', serverId, name }], diff: [] }
  }
  const { name, enabled, config } = should
  if (!is) return { steps: [{ kind: 'create', name, enabled, config }], diff: [] }
  const { serverId } = is
  const diff = diffConfigs(is.config, config)
  const toggle: readonly ConfigurationStep[] = is.enabled === enabled ? [] : [{ kind: enabled ? 'enable' : 'disable', serverId, name }]
  return { steps: [...(diff.length > 0 ? [{ kind: 'change', serverId, name, config } as const] : []), ...toggle], diff }
}

const asJson = (steps: readonly ConfigurationStep[]): Json => JSON.parse(JSON.stringify(steps))
